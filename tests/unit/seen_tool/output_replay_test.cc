#include "seen_tool/output_replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace semel::seen_tool {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::int64_t kNow = 1'764'590'400'000;
constexpr std::int64_t kHour = 3'600'000;

class OutputReplayTest : public ::testing::Test {
 protected:
  Record Output(const std::string& value, std::int64_t time_ms) {
    values_.push_back(value);
    Record record;
    record.offset = next_++;
    record.timestamp_ms = time_ms;
    record.value = values_.back();
    return record;
  }
  Record Event(const std::string& id, std::int64_t time_ms = kNow) {
    return Output(R"({"id":")" + id + "\"}", time_ms);
  }

  std::vector<std::int64_t> Offsets(std::vector<Record> records) {
    EXPECT_TRUE(replay_.Take(records));
    std::vector<std::int64_t> offsets;
    for (const Sighting& entry : replay_.Entries()) offsets.push_back(entry.offset);
    return offsets;
  }

  OutputRule rule_{.from = "orders", .window = std::chrono::hours{1}, .clock_ms = kNow};
  Fingerprinter fingerprinter_ = std::move(*Fingerprinter::Open({.parts = {"json:/id"}}));
  OutputReplay replay_{rule_, fingerprinter_};
  std::deque<std::string> values_;
  std::int64_t next_ = 0;
};

TEST_F(OutputReplayTest, EachEventOfTheWindowIsAnEntry) {
  EXPECT_THAT(Offsets({Event("old", kNow - 2 * kHour), Event("a", kNow - kHour), Event("b")}),
              ElementsAre(1, 2));
  EXPECT_EQ(replay_.stream_time_ms(), kNow);
}

TEST_F(OutputReplayTest, AnEventThatCameAgainAfterTheWindowCountsFromThen) {
  EXPECT_THAT(Offsets({Event("a", kNow - 2 * kHour), Event("a", kNow - kHour / 2)}),
              ElementsAre(1));
}

TEST_F(OutputReplayTest, WhatADeliveryOfAReplayRepeatedIsOneEntry) {
  EXPECT_THAT(Offsets({Event("a"), Event("b"), Event("a"), Event("b")}), ElementsAre(0, 1));
}

TEST_F(OutputReplayTest, UnjudgedRecordsOnlyMoveTheTime) {
  EXPECT_THAT(Offsets({Event("a", kNow - 2 * kHour), Output("{}", kNow), Output("?", kNow)}),
              IsEmpty());
  EXPECT_EQ(replay_.counts().missing, 1U);
  EXPECT_EQ(replay_.counts().invalid, 1U);
  EXPECT_EQ(replay_.stream_time_ms(), kNow);
}

TEST_F(OutputReplayTest, MissingOnesAreEntriesWhereTheJobJudgedThem) {
  rule_.judge_missing = true;
  EXPECT_THAT(Offsets({Output("{}", kNow), Output(R"({"x":1})", kNow)}), ElementsAre(0));
}

TEST_F(OutputReplayTest, AMarkedDuplicateIsNoFirstSight) {
  const Header mark{"semel-duplicate-of", "orders/0/17"};
  const Header other{"semel-duplicate-of", "payments/0/17"};
  Record ours = Event("a");
  ours.headers = {&mark, 1};
  Record theirs = Event("b");
  theirs.headers = {&other, 1};
  EXPECT_THAT(Offsets({ours, theirs}), ElementsAre(1));
  EXPECT_EQ(replay_.counts().marked, 1U);
}

TEST_F(OutputReplayTest, ARecordFromTheFutureExpiresNothing) {
  EXPECT_THAT(Offsets({Event("a"), Event("b", kNow + 1000 * kHour)}), ElementsAre(0, 1));
  EXPECT_EQ(replay_.stream_time_ms(), kNow);
}

}  // namespace
}  // namespace semel::seen_tool
