#include "sink/start_positions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../pipeline/scripted_kafka.h"
#include "fake_database.h"

namespace semel::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

constexpr config::Start kLatest{.kind = config::Start::Kind::kLatest};

class StartPositionsTest : public ::testing::Test {
 protected:
  StartPositionsTest() {
    EXPECT_TRUE(database_.Open());
    Put(0, 5);
    Put(1, 7);
  }

  void Put(kafka::Partition partition, int count) {
    for (int i = 0; i < count; ++i)
      broker_.Log("orders", partition).Append({.time_ms = 1'000 + i, .value = "x"});
  }
  sink::StartPositions Open(config::Start start = {}) {
    return sink::StartPositions({database_, *reader_, "orders", 2, start});
  }
  static void ExpectStop(const Result<sink::Positions>& result, const std::string& text) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().action, Action::kStop);
    EXPECT_THAT(result.error().message, HasSubstr(text));
  }

  ManualClock clock_;
  FakeBroker broker_;
  ScriptedKafka kafka_{broker_, clock_, {"orders", {}}, "none"};
  std::unique_ptr<kafka::LogReader> reader_ = *kafka_.OpenLogReader();
  Table table_;
  FakeDatabase database_{table_};
};

TEST_F(StartPositionsTest, AtTheVeryFirstAllPartitionsAreMadeWhoeverOwnsThem) {
  EXPECT_TRUE(Open(kLatest).Read({1}));
  EXPECT_THAT(table_.positions, ElementsAre(Pair(0, 5), Pair(1, 7)));
}

TEST_F(StartPositionsTest, BeginsAtATime) {
  EXPECT_TRUE(Open({.kind = config::Start::Kind::kTime, .time_ms = 1'003}).Read({0}));
  EXPECT_THAT(table_.positions, ElementsAre(Pair(0, 3), Pair(1, 3)));
}

TEST_F(StartPositionsTest, WhatIsThereWins) {
  table_.positions = {{0, 2}, {1, 3}};
  const auto positions = Open(kLatest).Read({0, 1});
  ASSERT_TRUE(positions);
  EXPECT_THAT(*positions, ElementsAre(Pair(0, 2), Pair(1, 3)));
}

TEST_F(StartPositionsTest, AnotherProcessMayBeFaster) {
  kafka_.before = [this](Call call) {
    if (call == Call::kMarks) table_.positions.emplace(0, 1);
  };
  const auto positions = Open(kLatest).Read({0});
  ASSERT_TRUE(positions);
  EXPECT_EQ(positions->at(0), 1);
}

// Whatever --start says: nothing in it was there before.
TEST_F(StartPositionsTest, APartitionThatComesLaterIsReadFromItsBeginning) {
  auto start = Open(kLatest);
  ASSERT_TRUE(start.Read({0}));
  Put(2, 4);
  broker_.Log("orders", 2).RemoveBefore(1);
  ASSERT_TRUE(start.Read({2}));
  EXPECT_THAT(table_.positions, ElementsAre(Pair(0, 5), Pair(1, 7), Pair(2, 1)));
}

TEST_F(StartPositionsTest, APositionThatVanishedIsNotMadeAgain) {
  auto start = Open();
  ASSERT_TRUE(start.Read({0}));
  start.Committed(1, 6);
  table_.positions.erase(1);
  ExpectStop(start.Read({0}), "the position of orders [1] was 6 and is gone");
  ExpectStop(start.Read({1}), "CREATE 1@6");
  EXPECT_FALSE(table_.positions.contains(1));
}

TEST_F(StartPositionsTest, StopsWhereTheLogDoesNotHaveThePosition) {
  table_.positions = {{0, 2}, {1, 8}};
  broker_.Log("orders", 0).RemoveBefore(3);
  ExpectStop(Open().Read({0}), "offset 2 is not there; the log is from 3 to 5");
  ExpectStop(Open().Read({0}), "MOVE 0 TO 3");
  ExpectStop(Open().Read({1}), "offset 8 is not there; the log is from 0 to 7");
  ExpectStop(Open().Read({1}), "MOVE 1 TO 7");
}

TEST_F(StartPositionsTest, PassesOnThatTheDatabaseOrKafkaIsAway) {
  database_.Lose();
  const auto read = Open().Read({0});
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().action, Action::kRetry);
  ASSERT_TRUE(database_.Open());
  kafka_.Fail(Call::kMarks, {Action::kRetry, "no leader"});
  EXPECT_FALSE(Open().Read({0}));
  EXPECT_TRUE(table_.positions.empty()) << "all of them, or none";
}

}  // namespace
}  // namespace semel::testing
