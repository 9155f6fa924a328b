#include "pipeline/start_position.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace semel::pipeline {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::int64_t kNow = 1'764'590'400'000;
constexpr std::int64_t kHour = 3'600'000;

/// One partition whose changelog covers the input up to 100, and a group that committed just that.
class StartPositionTest : public ::testing::Test {
 protected:
  StartPositionTest() : budget_(1 << 30), state_(3, OpenMemorySeenSet({}), budget_) {
    settings_.from = "orders";
    settings_.group = "semel";
    settings_.topics = {{"orders-unique", 4}, {"orders-changelog", 4}};
    settings_.input_partitions = 4;
    settings_.changelog_retention = std::chrono::hours{24};
    rule_.window_ms = kHour;
    state_.changelog.epoch = 1;
    state_.changelog.rule = rule_;
    state_.changelog.covered = 100;
    findings_.input = {.low = 0, .last_stable = 500, .high = 500};
    findings_.changelog = {.low = 0, .last_stable = 10, .high = 10};
    findings_.first_start = 7;
    findings_.now_ms = kNow;
    Committed(100);
  }

  void Committed(kafka::Offset offset, std::int64_t append_ms = kNow - kHour,
                 std::int32_t partitions = 4) {
    findings_.committed = {offset, FormatCommitMetadata({.changelog_offset = 8,
                                                         .append_ms = append_ms,
                                                         .input_partitions = partitions})};
  }
  void EmptyChangelog() {
    state_.changelog = {};
    findings_.changelog = {.low = 0, .last_stable = 0, .high = 0};
  }
  Result<StartPosition> Decide() const { return DecideStart(settings_, rule_, findings_, state_); }
  void ExpectStop(const std::string& text) const {
    const auto start = Decide();
    ASSERT_FALSE(start);
    EXPECT_EQ(start.error().action, Action::kStop);
    EXPECT_THAT(start.error().message, HasSubstr(text));
    EXPECT_THAT(start.error().message, HasSubstr("topic orders partition 3"));
  }
  StartPosition Expect(kafka::Offset offset) const {
    const auto start = Decide();
    EXPECT_TRUE(start) << (start ? "" : start.error().message);
    if (!start) return {};
    EXPECT_EQ(start->offset, offset);
    return *start;
  }
  Result<void> Check() const { return CheckCommitted(settings_, 3, findings_); }

  LaneSettings settings_;
  MemoryBudget budget_;
  PartitionState state_;
  RuleIdentity rule_;
  Findings findings_;
};

TEST_F(StartPositionTest, CommittedWhereTheChangelogEnds) {
  const StartPosition start = Expect(100);
  EXPECT_FALSE(start.rewinds || start.skips || start.owes_commit || start.replay);
  EXPECT_THAT(start.notice, IsEmpty());
}

TEST_F(StartPositionTest, NothingCommittedGoesOnWhereTheChangelogEnds) {
  findings_.committed.reset();
  const StartPosition start = Expect(100);
  EXPECT_TRUE(start.owes_commit);
  EXPECT_FALSE(start.rewinds || start.skips || start.replay);
  EXPECT_THAT(start.notice, Not(IsEmpty()));
}

TEST_F(StartPositionTest, MovedBackStops) {
  Committed(60);
  ExpectStop("--on-reset");
}

TEST_F(StartPositionTest, MovedBackContinues) {
  Committed(60);
  settings_.on_reset = OnReset::kContinue;
  const StartPosition start = Expect(100);
  EXPECT_TRUE(start.owes_commit);
  EXPECT_FALSE(start.rewinds || start.skips || start.replay);
}

TEST_F(StartPositionTest, MovedBackReplays) {
  Committed(60);
  settings_.on_reset = OnReset::kReplay;
  const StartPosition start = Expect(60);
  EXPECT_TRUE(start.rewinds);
  EXPECT_TRUE(start.replay);
  EXPECT_FALSE(start.skips);
  EXPECT_THAT(start.notice, Not(IsEmpty()));
}

TEST_F(StartPositionTest, MovedAheadStopsUnlessTheGapIsAccepted) {
  Committed(130);
  ExpectStop("--accept-gap");
  settings_.accepted.gap = true;
  const StartPosition start = Expect(130);
  EXPECT_TRUE(start.skips);
  EXPECT_FALSE(start.rewinds || start.replay);
  EXPECT_THAT(start.notice, Not(IsEmpty()));
}

TEST_F(StartPositionTest, TheFirstStartOfAll) {
  EmptyChangelog();
  findings_.committed.reset();
  const StartPosition start = Expect(7);
  EXPECT_TRUE(start.owes_commit);
  EXPECT_FALSE(start.rewinds || start.skips || start.replay);
}

TEST_F(StartPositionTest, AnEmptyLogWhoseLastRecordOutlivedItsRetention) {
  EmptyChangelog();
  Committed(100, kNow - 48 * kHour);
  EXPECT_FALSE(Expect(100).owes_commit);
}

TEST_F(StartPositionTest, AnEmptyLogWhoseLastRecordShouldStillBeThere) {
  EmptyChangelog();
  ExpectStop("holds nothing");
  settings_.accepted.gap = true;
  EXPECT_THAT(Expect(100).notice, Not(IsEmpty()));
}

TEST_F(StartPositionTest, AnEmptyLogWithoutRetentionShouldStillBeThere) {
  EmptyChangelog();
  settings_.changelog_retention = std::chrono::milliseconds{0};
  Committed(100, kNow - 4800 * kHour);
  ExpectStop("holds nothing");
}

TEST_F(StartPositionTest, AnEmptyLogAndAnOffsetThatSomebodyElseCommitted) {
  EmptyChangelog();
  findings_.committed = {100, "hello"};
  ExpectStop("holds nothing");
}

TEST_F(StartPositionTest, DeletedUnread) {
  findings_.input.low = 120;
  ExpectStop("input offsets 100 to 119");
  settings_.accepted.gap = true;
  const StartPosition start = Expect(120);
  EXPECT_TRUE(start.skips);
  EXPECT_TRUE(start.owes_commit);
}

TEST_F(StartPositionTest, DeletedUnreadInAReplay) {
  settings_.on_reset = OnReset::kReplay;
  settings_.accepted.gap = true;
  findings_.input.low = 80;
  Committed(60);
  const StartPosition start = Expect(80);
  EXPECT_TRUE(start.rewinds);
  EXPECT_TRUE(start.replay);
  EXPECT_FALSE(start.skips);
}

// The next changelog record would begin ahead of the last one without saying so: a hole, for ever.
TEST_F(StartPositionTest, DeletedUnreadInAReplayBeyondTheChangelog) {
  settings_.on_reset = OnReset::kReplay;
  settings_.accepted.gap = true;
  findings_.input.low = 120;
  Committed(60);
  const StartPosition start = Expect(120);
  EXPECT_TRUE(start.skips);
  EXPECT_FALSE(start.rewinds);
}

TEST_F(StartPositionTest, BeyondTheEndOfTheInput) {
  findings_.input = {.low = 0, .last_stable = 99, .high = 99};
  ExpectStop("but the topic ends at 99");
  settings_.accepted.gap = true;
  ExpectStop("but the topic ends at 99");
}

TEST_F(StartPositionTest, AnotherRuleStopsUnlessAccepted) {
  rule_.window_ms = 2 * kHour;
  ExpectStop("--accept-new-rule");
  settings_.accepted.new_rule = true;
  EXPECT_TRUE(Expect(100).owes_commit);
}

TEST_F(StartPositionTest, AnotherPartitionCountStopsUnlessAccepted) {
  settings_.input_partitions = 6;
  ASSERT_FALSE(Check());
  EXPECT_EQ(Check().error().action, Action::kStop);
  EXPECT_THAT(Check().error().message, HasSubstr("--accept-new-partitions"));
  settings_.accepted.partitions = true;
  EXPECT_TRUE(Check());
  EXPECT_TRUE(Expect(100).owes_commit);
}

TEST_F(StartPositionTest, MetadataThatNamesARecordBeyondTheLog) {
  EXPECT_TRUE(Check());
  findings_.changelog.high = 8;  // the record named is number 8
  ASSERT_FALSE(Check());
  EXPECT_EQ(Check().error().action, Action::kStop);
  EXPECT_THAT(Check().error().message, HasSubstr("changelog record 8"));
  settings_.accepted.gap = true;
  EXPECT_TRUE(Check());
}

TEST_F(StartPositionTest, WithoutMetadataThereIsNothingToCheck) {
  findings_.committed = {100, ""};
  EXPECT_TRUE(Check());
  findings_.committed.reset();
  EXPECT_TRUE(Check());
}

// semel seen rebuild fills changelogs with entries, which a job that keeps them elsewhere refuses.
TEST_F(StartPositionTest, WhereEntriesAreElsewhereRebuildIsNoAdvice) {
  EmptyChangelog();
  ExpectStop("semel seen rebuild");
  settings_.durable_seen_sets = true;
  ExpectStop("--accept-gap repeats nothing");
  for (const auto& error : {Decide().error(), Check().error()})
    EXPECT_THAT(error.message, Not(HasSubstr("rebuild")));
  settings_.accepted.gap = true;
  EXPECT_THAT(Expect(100).notice, HasSubstr("what Redis has"));
}

TEST_F(StartPositionTest, AnAcceptedGapIsCommittedWhereEntriesAreElsewhere) {
  settings_.accepted.gap = true;
  EXPECT_FALSE(Expect(100).owes_commit);
  settings_.durable_seen_sets = true;
  EXPECT_TRUE(Expect(100).owes_commit);
}

}  // namespace
}  // namespace semel::pipeline
