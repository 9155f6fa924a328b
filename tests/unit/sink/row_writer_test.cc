#include "sink/row_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace semel::sink {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Split(std::string_view lines) {
  std::vector<std::string> split;
  std::istringstream in{std::string(lines)};
  for (std::string line; std::getline(in, line);) split.push_back(line);
  return split;
}

/// A table that refuses rows that begin with "bad".
class OneTable final : public Database {
 public:
  Result<void> Open() override { return {}; }
  bool open() const override { return true; }
  Result<void> EndAbandoned() override { return {}; }
  Result<Positions> Read() override { return Positions{}; }
  Result<void> Create(const Positions& /*positions*/) override { return {}; }
  Result<void> Commit(const std::map<kafka::Partition, Move>& /*moves*/) override { return {}; }

  Result<void> Put(std::string_view lines) override {
    put += lines;
    return {};
  }
  Result<std::uint64_t> End() override { return Add(std::exchange(put, {})); }
  Result<std::uint64_t> Try(std::string_view lines) override {
    ++tries;
    return Add(std::string(lines));
  }
  std::string CreateCommand(const Positions& /*positions*/) const override { return {}; }
  void RollBack() override {
    put.clear();
    rows.clear();
  }
  std::string MoveCommand(kafka::Partition /*partition*/, const Move& /*move*/) const override {
    return {};
  }

  std::vector<std::string> rows;
  int tries = 0;

 private:
  Result<std::uint64_t> Add(const std::string& lines) {
    const std::vector<std::string> added = Split(lines);
    for (const std::string& row : added)
      if (row.starts_with("bad")) return Error{Action::kRejectRecord, "refused " + row};
    rows.insert(rows.end(), added.begin(), added.end());
    return added.size();
  }

  std::string put;
};

class Letters final : public DeadLetters {
 public:
  Result<void> Send(const Record& record, const std::string& reason) override {
    sent.push_back(std::to_string(record.offset) + ": " + reason);
    return {};
  }
  Result<void> Flush() override {
    flushed = sent.size();
    if (fails) return Error{Action::kRetry, "not acknowledged"};
    return {};
  }

  std::vector<std::string> sent;
  std::size_t flushed = 0;
  bool fails = false;
};

class Values final : public kafka::Batch {
 public:
  explicit Values(std::vector<std::string> values) : values_(std::move(values)) {
    for (std::size_t i = 0; i < values_.size(); ++i)
      records_.push_back(
          {.offset = static_cast<std::int64_t>(i), .key = {}, .value = values_[i], .headers = {}});
  }
  std::span<const Record> records() const override { return records_; }
  std::size_t bytes() const override { return 0; }

 private:
  std::vector<std::string> values_;
  std::vector<Record> records_;
};

class RowWriterTest : public ::testing::Test {
 protected:
  Result<Tally> Write(OnInvalid on_invalid, std::vector<std::string> values) {
    std::vector<postgres::Column> columns = {*postgres::ParseColumn("v:text=value")};
    writer_.emplace(RowWriter::Parts{table_, on_invalid == OnInvalid::kTopic ? &letters_ : nullptr,
                                     on_invalid, "orders", log_},
                    *postgres::RowEncoder::Open(columns, "orders", {}));
    auto batch = std::make_unique<Values>(std::move(values));
    for (const Record& record : batch->records())
      if (!writer_->Take(record)) break;
    writer_->Keep(std::move(batch), {});
    SEMEL_TRY_ASSIGN(const Tally tally, writer_->Write());
    SEMEL_TRY(writer_->SendLetters());
    return tally;
  }

  OneTable table_;
  Letters letters_;
  SilentLogger log_;
  std::optional<RowWriter> writer_;
};

TEST_F(RowWriterTest, WritesABatchAtOnce) {
  const auto tally = Write(OnInvalid::kFail, {"a", "b", "c"});
  ASSERT_TRUE(tally);
  EXPECT_EQ(tally->rows, 3U);
  EXPECT_EQ(table_.tries, 0);
  EXPECT_THAT(table_.rows, ElementsAre("a", "b", "c"));
}

TEST_F(RowWriterTest, SetsApartWhatTheTableRefusesAndWritesTheRestOnceAndInOrder) {
  const auto tally = Write(OnInvalid::kTopic, {"bad0", "a", "b", "bad1", "bad2", "c", "\xff", "d"});
  ASSERT_TRUE(tally);
  EXPECT_THAT(table_.rows, ElementsAre("a", "b", "c", "d"));
  EXPECT_EQ(tally->rows, 4U);
  EXPECT_EQ(tally->invalid, 4U);
  EXPECT_EQ(tally->duplicates, 0U);
  EXPECT_THAT(letters_.sent,
              ElementsAre("6: column v: is no text: it is not UTF-8, or holds a zero byte",
                          "0: refused bad0", "3: refused bad1", "4: refused bad2"));
  EXPECT_EQ(letters_.flushed, 4U);
}

TEST_F(RowWriterTest, HalvesRatherThanGoRowByRow) {
  std::vector<std::string> values(1'024, "a");
  values[700] = "bad";
  ASSERT_TRUE(Write(OnInvalid::kDrop, values));
  EXPECT_EQ(table_.rows.size(), 1'023U);
  EXPECT_EQ(table_.tries, 20);
}

// Each costs the server some work, and meanwhile the group hears nothing of us.
TEST_F(RowWriterTest, GivesUpABatchOfWhichTooManyAreRefused) {
  const auto written = Write(OnInvalid::kTopic, std::vector<std::string>(50'000, "bad"));
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().action, Action::kRetry);
  EXPECT_LT(table_.tries, 8'000);
  EXPECT_TRUE(letters_.sent.empty()) << "they are read again";
}

TEST_F(RowWriterTest, FailsIfALetterIsNotAcknowledged) {
  letters_.fails = true;
  EXPECT_FALSE(Write(OnInvalid::kTopic, {"a", "bad"}));
}

TEST_F(RowWriterTest, UnderThePolicyToFailNothingBehindTheFirstRefusedRowIsWritten) {
  const auto tally = Write(OnInvalid::kFail, {"a", "b", "c", "bad1", "d", "bad2", "e", "f"});
  ASSERT_TRUE(tally);
  EXPECT_THAT(table_.rows, ElementsAre("a", "b", "c"));
  EXPECT_EQ(tally->rows, 3U);
  EXPECT_EQ(writer_->rows_before_failure(), 3U);
  ASSERT_TRUE(writer_->failure());
  EXPECT_EQ(writer_->failure()->action, Action::kStop);
  EXPECT_TRUE(writer_->failure()->message.starts_with("orders [0] offset 3: refused bad1"));
}

TEST_F(RowWriterTest, ARefusedRowBeforeARecordThatIsNoRowIsTheFirst) {
  ASSERT_TRUE(Write(OnInvalid::kFail, {"a", "bad1", "b", "\xff", "c"}));
  EXPECT_THAT(table_.rows, ElementsAre("a"));
  EXPECT_TRUE(writer_->failure()->message.starts_with("orders [0] offset 1: "));
}

}  // namespace
}  // namespace semel::sink
