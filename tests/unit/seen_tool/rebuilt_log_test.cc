#include "seen_tool/rebuilt_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "seen_tool/log_follower.h"

namespace semel::seen_tool {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'764'590'400'000;
constexpr std::int64_t kHour = 3'600'000;

RebuiltLog Log(std::size_t entries, kafka::Offset committed) {
  RebuiltLog log{.rule = {.rule_hash = {1}, .window_ms = 24 * kHour, .bits = 128},
                 .transactional_id = "semel.orders-rebuild",
                 .partition = 3,
                 .committed = committed,
                 .stream_time_ms = kNow,
                 .entries = {}};
  for (std::size_t i = 0; i < entries; ++i) {
    Sighting entry{.fingerprint = {}, .time_ms = kNow, .offset = static_cast<std::int64_t>(7 * i)};
    entry.fingerprint.bytes[0] = static_cast<std::uint8_t>(i);
    entry.fingerprint.bytes[1] = static_cast<std::uint8_t>(i / 256);
    entry.fingerprint.bytes[2] = static_cast<std::uint8_t>(i / 65536);
    log.entries.push_back(entry);
  }
  return log;
}

/// What a restart makes of it.
pipeline::ChangelogPosition Replay(const std::vector<std::string>& records, LogFollower& follower) {
  kafka::Offset offset = 0;
  for (const std::string& record : records) {
    const auto taken = follower.Take({offset++, kNow, record}, 0, kNow);
    EXPECT_TRUE(taken) << taken.error().message;
  }
  return follower.state().changelog;
}

TEST(RebuiltLogTest, CoversTheInputUpToTheCommittedOffset) {
  const auto records = PackRebuilt(Log(3, 100));
  ASSERT_TRUE(records);
  LogFollower follower("seen", 3, 0);
  EXPECT_EQ(Replay(*records, follower).covered, 100);
  EXPECT_EQ(follower.state().changelog.epoch, 1U);
  EXPECT_EQ(follower.state().seen->size(), 3U);
  EXPECT_EQ(follower.state().seen->stream_time_ms(), kNow);
  ChangelogRecord record;
  ASSERT_TRUE(UnpackChangelog(records->front(), record));
  EXPECT_EQ(record.entries.front().offset, 97);
  EXPECT_EQ(record.entries.back().offset, 99);
}

TEST(RebuiltLogTest, ManyEntriesAreRecordsThatFollowEachOther) {
  const auto records = PackRebuilt(Log(100'000, 500'000));
  ASSERT_TRUE(records);
  EXPECT_GT(records->size(), 1U);
  LogFollower follower("seen", 3, 0);
  EXPECT_EQ(Replay(*records, follower).covered, 500'000);
  EXPECT_EQ(follower.state().seen->size(), 100'000U);
}

TEST(RebuiltLogTest, NothingWasSeen) {
  const auto records = PackRebuilt(Log(0, 0));
  ASSERT_TRUE(records);
  LogFollower follower("seen", 3, 0);
  EXPECT_EQ(Replay(*records, follower).covered, 0);
}

TEST(RebuiltLogTest, MoreEventsThanInput) {
  EXPECT_TRUE(PackRebuilt(Log(5, 5)));
  const auto records = PackRebuilt(Log(6, 5));
  ASSERT_FALSE(records);
  EXPECT_EQ(records.error().action, Action::kStop);
  EXPECT_THAT(records.error().message, HasSubstr("not of this job"));
}

TEST(OutputFrontTest, ALostFrontMattersOnlyWithinTheWindow) {
  OutputFront front{.low = 10,
                    .retention_ms = 25 * kHour,
                    .bounded_by_size = false,
                    .now_ms = kNow + kHour,
                    .stream_time_ms = kNow,
                    .window_ms = 24 * kHour};
  EXPECT_FALSE(MayLackEvents(front));
  --front.retention_ms;
  EXPECT_TRUE(MayLackEvents(front));
  front.low = 0;
  EXPECT_FALSE(MayLackEvents(front));
}

TEST(OutputFrontTest, OnlyRetentionByTimeExplainsALostFront) {
  OutputFront front{.low = 10,
                    .retention_ms = 900 * kHour,
                    .bounded_by_size = true,
                    .now_ms = kNow,
                    .stream_time_ms = kNow,
                    .window_ms = kHour};
  EXPECT_TRUE(MayLackEvents(front));
  front.bounded_by_size = false;
  EXPECT_FALSE(MayLackEvents(front));
  front.retention_ms = -1;
  EXPECT_TRUE(MayLackEvents(front));
}

}  // namespace
}  // namespace semel::seen_tool
