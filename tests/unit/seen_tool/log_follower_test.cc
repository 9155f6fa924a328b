#include "seen_tool/log_follower.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace semel::seen_tool {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'764'590'400'000;

class LogFollowerTest : public ::testing::Test {
 protected:
  ChangelogRecord Range(std::int64_t begin, std::int64_t end) const {
    ChangelogRecord record{.epoch = epoch_, .rule = rule_, .transactional_id = "a"};
    record.begin = begin;
    record.end = end;
    record.stream_time_ms = kNow;
    for (std::int64_t offset = begin; offset < end; ++offset) {
      Sighting entry{.fingerprint = {}, .time_ms = kNow, .offset = offset};
      entry.fingerprint.bytes[0] = static_cast<std::uint8_t>(offset);
      entry.fingerprint.bytes[31] = rule_.bits == 256 ? 1 : 0;
      record.entries.push_back(entry);
    }
    return record;
  }

  Result<void> Take(const ChangelogRecord& record) {
    std::vector<std::string> packed;
    PackChangelog(record, record.entries, packed);
    return follower_.Take({next_++, kNow, packed.front()}, 0, kNow);
  }

  RuleIdentity rule_{.rule_hash = {1}, .window_ms = 3'600'000, .bits = 128};
  std::uint32_t epoch_ = 1;
  LogFollower follower_{"seen", 0, 0};
  kafka::Offset next_ = 0;
};

TEST_F(LogFollowerTest, TakesTheRuleFromTheLog) {
  ASSERT_TRUE(Take(Range(0, 3)));
  ASSERT_TRUE(Take(Range(3, 5)));
  EXPECT_EQ(follower_.state().seen->size(), 5U);
  EXPECT_EQ(follower_.state().changelog.rule, rule_);
  EXPECT_EQ(follower_.records(), 2U);
}

TEST_F(LogFollowerTest, ANewEpochBeginsEmptyUnderItsOwnRule) {
  ASSERT_TRUE(Take(Range(0, 3)));
  ++epoch_;
  rule_ = {.rule_hash = {2}, .window_ms = 60'000, .bits = 256};
  ASSERT_TRUE(Take(Range(3, 5)));
  EXPECT_EQ(follower_.state().seen->size(), 2U);
  EXPECT_EQ(follower_.state().changelog.rule, rule_);
}

TEST_F(LogFollowerTest, AnotherRuleWithinAnEpochIsWrong) {
  ASSERT_TRUE(Take(Range(0, 3)));
  rule_.window_ms = 60'000;
  const auto taken = Take(Range(3, 5));
  ASSERT_FALSE(taken);
  EXPECT_THAT(taken.error().message, HasSubstr("changelog seen partition 0 offset 1: "));
}

TEST_F(LogFollowerTest, AForeignRecordIsWrong) {
  const auto taken = follower_.Take({7, kNow, "{}"}, 0, kNow);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().action, Action::kStop);
  EXPECT_THAT(taken.error().message, HasSubstr("partition 0 offset 7: "));
}

TEST_F(LogFollowerTest, GoesOnFromASnapshot) {
  SnapshotHeader header;
  header.epoch = 1;
  header.rule = rule_;
  header.log_next = next_ = 8;
  header.log_last = 7;
  header.covered = 3;
  follower_.ContinueAt(header);
  follower_.Restore(Range(0, 3).entries, kNow);
  EXPECT_FALSE(Take(Range(5, 6))) << "a gap";
  ASSERT_TRUE(Take(Range(3, 6)));
  EXPECT_EQ(follower_.state().seen->size(), 6U);
}

}  // namespace
}  // namespace semel::seen_tool
