#include "prove/truth.h"

#include <gmock/gmock.h>

#include <fstream>
#include <iterator>

#include "history_builder.h"
#include "prove/truth_writer.h"

namespace semel::prove {
namespace {

TruthLine Line() {
  return {.sequence = 7,
          .uid = 0xfedcba9876543210U,
          .event_id = "an id",
          .partition = 2,
          .offset = 11,
          .timestamp_ms = 1234,
          .key = "",
          .digest = {1, 2, ~std::uint64_t{0}}};
}

TEST(Truth, ALineComesBack) {
  TruthLine line = Line();
  EXPECT_EQ(
      FormatTruth(line),
      R"({"sequence":7,"uid":"fedcba9876543210","event_id":"an id","partition":2,"offset":11,)"
      R"("timestamp":1234,"key":"","digest":"00000000000000010000000000000002ffffffffffffffff"})");
  EXPECT_EQ(*ParseTruth(FormatTruth(line)), line);
  line.key.reset();
  line.event_id.clear();
  EXPECT_EQ(*ParseTruth(FormatTruth(line)), line);
}

TEST(Truth, AnythingElseIsRefused) {
  for (const std::string text :
       {"", "{}", "[]", R"({"sequence":"x"})", R"({"sequence":7,"uid":"fedcba987654321")"}) {
    const auto parsed = ParseTruth(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().action, Action::kFix);
  }
  std::string text = FormatTruth(Line());
  text[text.find("fedc")] = 'g';
  EXPECT_FALSE(ParseTruth(text));
}

TEST(Truth, NullAndEmptyAreDifferentInADigest) {
  const Header empty{"h", ""};
  const Header null{"h", std::nullopt};
  const auto headers = [](const Header& header) {
    return DigestOf("k", "v", {&header, 1}).headers;
  };
  EXPECT_NE(headers(empty), headers(null));
  EXPECT_NE(DigestOf(std::nullopt, "v", {}).key, DigestOf("", "v", {}).key);
  EXPECT_NE(DigestOf("k", std::nullopt, {}).value, DigestOf("k", "", {}).value);
}

TEST(Truth, OrderAndRepetitionOfHeadersCount) {
  const Header a{"a", "1"};
  const Header b{"b", "2"};
  const std::array one{a, b};
  const std::array other{b, a};
  const std::array twice{a, b, b};
  EXPECT_NE(DigestOf({}, {}, one), DigestOf({}, {}, other));
  EXPECT_NE(DigestOf({}, {}, one), DigestOf({}, {}, twice));
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(TruthWriter, WritesBySequenceWhatWasAcknowledged) {
  const std::string path = testing::TempDir() + "prove_truth";
  auto writer = TruthWriter::Open(path);
  ASSERT_TRUE(writer);
  std::vector<TruthLine> lines(4, Line());
  for (std::uint64_t i = 0; i < lines.size(); ++i) {
    lines[i].sequence = i;
    writer->Sent(lines[i]);
  }
  writer->Acknowledged(2, 30, 300);
  writer->Failed(1);
  writer->Acknowledged(0, 10, std::nullopt);
  ASSERT_TRUE(writer->Close());  // 3 is still under way
  lines[0].offset = 10;
  lines[2].offset = 30;
  lines[2].timestamp_ms = 300;
  EXPECT_EQ(ReadAll(path), FormatTruth(lines[0]) + '\n' + FormatTruth(lines[2]) + '\n');
}

TEST(TruthWriter, SaysThatItCannotWrite) {
  EXPECT_EQ(TruthWriter::Open("/no/such/folder").error().action, Action::kFix);
  auto full = TruthWriter::Open("/dev/full");
  ASSERT_TRUE(full);
  full->Sent(Line());
  full->Acknowledged(0, 0, 0);
  EXPECT_EQ(full->Close().error().action, Action::kFail);
}

class TruthCheckTest : public testing::Test {
 protected:
  TruthCheckTest() { builder_.In(0, 1, kStart).In(0, 2, kStart + 1).In(1, 3, kStart); }

  static TruthLine LineOf(const InputRecord& record) {
    TruthLine line;
    line.uid = record.uid;
    line.partition = record.at.partition;
    line.offset = record.at.offset;
    line.timestamp_ms = record.timestamp_ms;
    line.digest = record.digest;
    return line;
  }

  HistoryBuilder builder_;
  Report report_;
};

TEST_F(TruthCheckTest, WhatWasAcknowledgedIsThere) {
  TruthCheck check(builder_.histories(), report_);
  check.Add(LineOf(builder_.histories().input[2]));
  check.Add(LineOf(builder_.histories().input[0]));
  check.Finish();
  EXPECT_TRUE(report_.passed());
  EXPECT_EQ(report_.counts.not_in_truth, 1);
}

TEST_F(TruthCheckTest, FindsWhatIsGoneOrAnotherRecord) {
  TruthCheck check(builder_.histories(), report_);
  TruthLine line = LineOf(builder_.histories().input[2]);
  line.offset = 1;
  check.Add(line);
  EXPECT_EQ(report_.count(Violation::kInputChanged), 1);
  line.offset = 0;
  ++line.digest.value;
  check.Add(line);
  EXPECT_EQ(report_.count(Violation::kInputChanged), 2);
  line = LineOf(builder_.histories().input[0]);
  ++line.timestamp_ms;
  check.Add(line);
  EXPECT_EQ(report_.count(Violation::kInputChanged), 3);
}

}  // namespace
}  // namespace semel::prove
