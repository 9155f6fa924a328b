#include "sink/lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../pipeline/scripted_kafka.h"
#include "fake_database.h"

namespace semel::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

/// Not more than ten are acknowledged in time.
class SlowLetters final : public sink::DeadLetters {
 public:
  Result<void> Send(const Record&, const std::string&) override {
    ++under_way_;
    return {};
  }
  Result<void> Flush() override {
    if (std::exchange(under_way_, 0) > 10) return Error{Action::kRetry, "not acknowledged"};
    return {};
  }

 private:
  int under_way_ = 0;
};

/// A lane on a scripted Kafka, which runs until nothing comes any more.
class SinkLaneTest : public ::testing::Test {
 protected:
  static constexpr int kIdlePolls = 60;  // longer than it waits for anything

  SinkLaneTest() {
    settings_.from = "orders";
    settings_.table = "rows";
    settings_.partitions = 2;
    settings_.on_invalid = sink::OnInvalid::kDrop;
    kafka_.on_poll = [this] {
      if (on_poll) on_poll();
      if (kafka_.idle_polls >= kIdlePolls) stop_.request_stop();
      if (++polls_ > 20'000) {
        ADD_FAILURE() << "the lane does not come to an end";
        stop_.request_stop();
      }
    };
  }

  void Put(kafka::Partition partition, const std::vector<std::string>& values) {
    for (const std::string& value : values)
      broker_.Log("orders", partition).Append({.time_ms = clock_.WallMs(), .value = value});
  }

  Result<void> Run() {
    sink::Lane lane(
        {kafka_, database_, letters_, settings_, board_, clock_, log_},
        *postgres::RowEncoder::Open({*postgres::ParseColumn("v:text=value")}, "orders", {}));
    return lane.Run(stop_.get_token());
  }
  void RunWell() {
    const auto done = Run();
    EXPECT_TRUE(done) << done.error().message;
  }
  metrics::SinkSnapshot Counted() const { return board_.Read(); }

  std::function<void()> on_poll;
  ManualClock clock_;
  FakeBroker broker_;
  ScriptedKafka kafka_{broker_, clock_, {"orders", {}}, "none"};
  sink::LaneSettings settings_;
  Table table_;
  FakeDatabase database_{table_};
  sink::DeadLetters* letters_ = nullptr;
  metrics::SinkBoard board_;
  SilentLogger log_;
  std::stop_source stop_;
  int polls_ = 0;
};

TEST_F(SinkLaneTest, WritesEachRecordOnceAndItsPositionWithIt) {
  Put(0, {"a", "b"});
  Put(1, {"c"});
  kafka_.Give({0, 1});
  RunWell();
  EXPECT_THAT(table_.rows, UnorderedElementsAre("a", "b", "c"));
  EXPECT_THAT(table_.positions, ElementsAre(Pair(0, 2), Pair(1, 1)));
  EXPECT_EQ(Counted().rows, 3U);
}

TEST_F(SinkLaneTest, EndsWhatWasAbandonedBeforeItReadsPositions) {
  kafka_.Give({0});
  RunWell();
  EXPECT_THAT(database_.calls,
              ElementsAre("end abandoned", "read", "read", "end abandoned", "read"))
      << "at the connect, which makes the positions; then for the partition";
}

// Somebody else has written "a" and "b" meanwhile.
TEST_F(SinkLaneTest, FencedItWritesNothingAndGoesOnFromWhereOthersAre) {
  Put(0, {"a", "b", "c"});
  kafka_.Give({0});
  database_.before_commit = [this] {
    if (table_.positions.at(0) > 0) return;
    table_.rows = {"a", "b"};
    table_.positions[0] = 2;
  };
  RunWell();
  EXPECT_THAT(table_.rows, ElementsAre("a", "b", "c"));
  EXPECT_EQ(Counted().fenced, 1U);
  EXPECT_EQ(Counted().rows, 1U);
}

TEST_F(SinkLaneTest, AnUnknownCommitThatWasCarriedOutIsNotSentAgain) {
  Put(0, {"a", "b"});
  kafka_.Give({0});
  database_.fates = {Fate::kCarriedOut};
  RunWell();
  EXPECT_THAT(table_.rows, ElementsAre("a", "b"));
  EXPECT_EQ(Counted().unknown, 1U);
  EXPECT_EQ(Counted().rows, 2U) << "counted all the same";
}

TEST_F(SinkLaneTest, AnUnknownCommitThatWasNotIs) {
  Put(0, {"a", "b"});
  kafka_.Give({0});
  database_.fates = {Fate::kNotCarriedOut, Fate::kNotCarriedOut};
  RunWell();
  EXPECT_THAT(table_.rows, ElementsAre("a", "b"));
  EXPECT_EQ(Counted().unknown, 2U);
  EXPECT_EQ(Counted().rows, 2U);
}

TEST_F(SinkLaneTest, ASessionThatIsLostInTheMidstOfATransaction) {
  Put(0, {"a", "b"});
  kafka_.Give({0});
  int losses = 0;
  database_.before_commit = [&] {
    if (++losses <= 2) database_.Lose();
  };
  database_.away = 3;
  RunWell();
  EXPECT_THAT(table_.rows, ElementsAre("a", "b"));
  EXPECT_EQ(database_.opened, 3);
}

TEST_F(SinkLaneTest, WhatIsRevokedIsCommittedFirst) {
  Put(0, {"a", "b"});
  kafka_.Give({0});
  on_poll = [this] {
    if (kafka_.CountTrace("start 0@") == 1 && polls_ < 100) {
      polls_ = 100;
      kafka_.Revoke({0});
    }
  };
  RunWell();
  EXPECT_THAT(table_.rows, ElementsAre("a", "b"));
  EXPECT_EQ(table_.positions.at(0), 2);
}

TEST_F(SinkLaneTest, WhatIsLostIsDroppedAndReadAgainFromTheDatabase) {
  Put(0, {"a", "b"});
  Put(1, {"c"});
  kafka_.Give({0, 1});
  on_poll = [this] {
    if (kafka_.CountTrace("start") < 2 || polls_ >= 100) return;
    polls_ = 100;
    kafka_.Lose({0, 1});
    kafka_.Give({1});
  };
  RunWell();
  EXPECT_THAT(table_.rows, ElementsAre("c")) << "a and b are another's now";
  EXPECT_EQ(Counted().rolled_back, 1U);
}

TEST_F(SinkLaneTest, APartitionThatComesLaterIsReadFromItsBeginning) {
  settings_.start = {.kind = config::Start::Kind::kLatest};
  Put(0, {"a"});
  kafka_.Give({0, 1});
  on_poll = [this] {
    if (polls_ != 10) return;
    Put(2, {"new"});
    kafka_.Give({2});
  };
  RunWell();
  EXPECT_THAT(table_.rows, ElementsAre("new"));
  EXPECT_THAT(table_.positions, ElementsAre(Pair(0, 1), Pair(1, 0), Pair(2, 1)));
}

TEST_F(SinkLaneTest, APositionThatVanishesStopsIt) {
  Put(0, {"a"});
  kafka_.Give({0});
  database_.before_commit = [this] { table_.positions.erase(0); };
  const auto done = Run();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().action, Action::kStop);
  EXPECT_THAT(done.error().message, HasSubstr("CREATE 0@0"));
  EXPECT_TRUE(table_.rows.empty());
}

TEST_F(SinkLaneTest, LettersThatAreNotAcknowledgedInTimeAreSentInSmallerSteps) {
  SlowLetters letters;
  letters_ = &letters;
  settings_.on_invalid = sink::OnInvalid::kTopic;
  Put(0, std::vector<std::string>(100, "\xff"));  // no UTF-8
  kafka_.Give({0});
  RunWell();
  EXPECT_THAT(table_.positions, ElementsAre(Pair(0, 100), Pair(1, 0)));
  EXPECT_EQ(Counted().invalid, 100U);
}

TEST_F(SinkLaneTest, RowsThatAnotherCommittedMeanwhileAreNotBad) {
  settings_.on_invalid = sink::OnInvalid::kFail;
  Put(0, {"bad, for it is there already", "b"});
  database_.before_end = [this] {
    table_.rows = {"bad, for it is there already"};
    table_.positions[0] = 1;
    database_.before_end = [] {};
  };
  kafka_.Give({0});
  RunWell();
  EXPECT_THAT(table_.rows, ElementsAre(HasSubstr("bad"), "b"));
}

// Each of them costs some questions to the server: it must not be away from the group for all.
TEST_F(SinkLaneTest, ATopicOfWhichEveryRecordIsRefusedIsTakenInSmallSteps) {
  Put(0, std::vector<std::string>(20'000, "bad"));
  Put(0, {"a"});
  kafka_.Give({0});
  int most = 0;
  int before = 0;
  on_poll = [&] {
    most = std::max(most, database_.tries - before);
    before = database_.tries;
  };
  RunWell();
  EXPECT_THAT(table_.rows, ElementsAre("a"));
  EXPECT_EQ(Counted().invalid, 20'000U);
  EXPECT_LT(most, 8'000);
  EXPECT_LT(database_.tries, 100'000);
}

}  // namespace
}  // namespace semel::testing
