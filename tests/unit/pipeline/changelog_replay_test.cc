#include "pipeline/changelog_replay.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace semel::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kNow = 1'764'590'400'000;
constexpr std::int64_t kHour = 3'600'000;

class ChangelogReplayTest : public ::testing::Test {
 protected:
  ChangelogReplayTest() : budget_(1 << 30), state_(3, OpenMemorySeenSet({}), budget_) {
    rule_.window_ms = std::chrono::milliseconds{std::chrono::hours{24 * 7}}.count();
    settings_.topic = "orders-changelog";
    settings_.rule = rule_;
    settings_.retention_ms = 24 * kHour;
  }

  /// A record of the range [begin, end) in which every offset was the first sight of an event.
  ChangelogRecord Range(std::int64_t begin, std::int64_t end) const {
    ChangelogRecord record;
    record.rule = rule_;
    record.transactional_id = "semel.orders-a-0";
    record.partition = 3;
    record.begin = begin;
    record.end = end;
    record.stream_time_ms = kNow + end;
    for (std::int64_t offset = begin; offset < end; ++offset) {
      Fingerprint fingerprint;
      fingerprint.bytes[0] = static_cast<std::uint8_t>(offset);
      fingerprint.bytes[9] = static_cast<std::uint8_t>(fingerprints_);
      record.entries.push_back({fingerprint, kNow + offset, offset});
    }
    return record;
  }

  Result<void> ApplyBytes(const std::string& bytes, kafka::Offset log_start = 0) {
    if (!replay_) replay_.emplace(settings_, state_);
    return replay_->Apply({.offset = next_++, .append_time_ms = kNow, .value = bytes}, log_start,
                          kNow);
  }
  Result<void> Apply(const ChangelogRecord& record, kafka::Offset log_start = 0) {
    ChangelogRecord head = record;
    head.entries.clear();
    std::vector<std::string> packed;
    PackChangelog(head, record.entries, packed);
    std::string& bytes = packed.front();
    return ApplyBytes(bytes, log_start);
  }
  void ExpectStop(const Result<void>& applied, const std::string& text) const {
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().action, Action::kStop);
    EXPECT_THAT(applied.error().message, HasSubstr(text));
    EXPECT_THAT(applied.error().message, HasSubstr("orders-changelog partition 3 offset"));
  }
  std::set<std::int64_t> Offsets() const {
    std::set<std::int64_t> offsets;
    std::vector<Sighting> piece;
    for (const auto walk = state_.seen->Walk(); walk->Next(1000, piece);)
      for (const Sighting& s : piece) offsets.insert(s.offset);
    return offsets;
  }

  MemoryBudget budget_;
  PartitionState state_;
  RuleIdentity rule_;
  ChangelogReplay::Settings settings_;
  std::optional<ChangelogReplay> replay_;
  kafka::Offset next_ = 0;
  int fingerprints_ = 0;
};

TEST_F(ChangelogReplayTest, FollowsContiguousRanges) {
  ASSERT_TRUE(Apply(Range(0, 2)));
  ASSERT_TRUE(Apply(Range(2, 5)));
  EXPECT_THAT(Offsets(), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(state_.changelog.covered, 5);
  EXPECT_EQ(state_.changelog.next, 2);
  EXPECT_EQ(state_.changelog.last, 1);
  EXPECT_EQ(state_.changelog.last_append_ms, kNow);
  EXPECT_EQ(state_.seen->stream_time_ms(), kNow + 5);
  EXPECT_EQ(replay_->entries(), 5U);
}

TEST_F(ChangelogReplayTest, RefusesAHole) {
  ASSERT_TRUE(Apply(Range(0, 2)));
  ExpectStop(Apply(Range(3, 5)), "input offsets from 3");
}

TEST_F(ChangelogReplayTest, RefusesAnOverlap) {
  ASSERT_TRUE(Apply(Range(0, 3)));
  ExpectStop(Apply(Range(2, 5)), "input offsets from 2");
}

TEST_F(ChangelogReplayTest, TakesAGapThatWasAccepted) {
  ASSERT_TRUE(Apply(Range(0, 2)));
  ChangelogRecord skipping = Range(4, 6);
  skipping.skips = true;
  ASSERT_TRUE(Apply(skipping));
  EXPECT_THAT(Offsets(), ElementsAre(0, 1, 4, 5));
}

TEST_F(ChangelogReplayTest, ASkipDoesNotExcuseAnOverlapNorARewindAHole) {
  ASSERT_TRUE(Apply(Range(0, 3)));
  ChangelogRecord skipping = Range(2, 5);
  skipping.skips = true;
  ExpectStop(Apply(skipping), "input offsets from 2");
  ChangelogRecord rewinding = Range(4, 5);
  rewinding.rewinds = true;
  ExpectStop(Apply(rewinding), "input offsets from 4");
}

TEST_F(ChangelogReplayTest, ARewindVoidsWhatWasClaimedFromThereOn) {
  ASSERT_TRUE(Apply(Range(0, 5)));
  ChangelogRecord rewinding = Range(2, 3);
  rewinding.rewinds = true;
  ASSERT_TRUE(Apply(rewinding));
  EXPECT_THAT(Offsets(), ElementsAre(0, 1, 2));
  EXPECT_EQ(state_.changelog.covered, 3);
}

TEST_F(ChangelogReplayTest, LeavesOutWhatWasClaimedFromTheReplayOn) {
  settings_.replay_from = 3;
  ASSERT_TRUE(Apply(Range(0, 2)));
  ASSERT_TRUE(Apply(Range(2, 5)));
  ASSERT_TRUE(Apply(Range(5, 6)));
  EXPECT_THAT(Offsets(), ElementsAre(0, 1, 2));
  EXPECT_EQ(state_.seen->stream_time_ms(), kNow + 2);
  EXPECT_EQ(state_.changelog.covered, 6);
}

TEST_F(ChangelogReplayTest, ANewEpochForgetsTheOneBefore) {
  ChangelogRecord old = Range(0, 2);
  old.rule.window_ms = kHour;
  ASSERT_TRUE(Apply(old));
  EXPECT_THAT(Offsets(), IsEmpty());
  ChangelogRecord fresh = Range(2, 3);
  fresh.epoch = 2;
  ASSERT_TRUE(Apply(fresh));
  EXPECT_THAT(Offsets(), ElementsAre(2));
}

TEST_F(ChangelogReplayTest, ANewEpochWithAForeignRuleForgetsOurs) {
  ASSERT_TRUE(Apply(Range(0, 2)));
  ChangelogRecord foreign = Range(2, 3);
  foreign.epoch = 2;
  foreign.rule.window_ms = kHour;
  ASSERT_TRUE(Apply(foreign));
  EXPECT_THAT(Offsets(), IsEmpty());
  EXPECT_EQ(state_.changelog.rule, foreign.rule);
}

TEST_F(ChangelogReplayTest, RefusesAWriterOfAnEarlierEpoch) {
  ChangelogRecord fresh = Range(0, 2);
  fresh.epoch = 2;
  ASSERT_TRUE(Apply(fresh));
  ExpectStop(Apply(Range(2, 3)), "epoch 1");
}

TEST_F(ChangelogReplayTest, RefusesAnotherRuleWithinAnEpoch) {
  ASSERT_TRUE(Apply(Range(0, 2)));
  ChangelogRecord foreign = Range(2, 3);
  foreign.rule.window_ms = kHour;
  ExpectStop(Apply(foreign), "within one epoch");
}

TEST_F(ChangelogReplayTest, RefusesAStartThatWasCutOffTooEarly) {
  ChangelogRecord record = Range(5, 6);
  record.previous_append_ms = kNow - kHour;
  next_ = 40;
  ExpectStop(Apply(record, 40), "records before it were removed");
}

TEST_F(ChangelogReplayTest, TakesAStartThatRetentionCutOff) {
  ChangelogRecord record = Range(5, 6);
  record.previous_append_ms = kNow - 25 * kHour;
  next_ = 40;
  ASSERT_TRUE(Apply(record, 40));
  EXPECT_THAT(Offsets(), ElementsAre(5));
}

TEST_F(ChangelogReplayTest, TakesACutOffThatWasAccepted) {
  settings_.gap_accepted = true;
  ChangelogRecord record = Range(5, 6);
  record.previous_append_ms = kNow - kHour;
  ASSERT_TRUE(Apply(record, 40));
}

TEST_F(ChangelogReplayTest, TakesTheFirstRecordOfAllWhereverItLies) {
  ASSERT_TRUE(Apply(Range(5, 6), 40));
}

TEST_F(ChangelogReplayTest, TheRecordBeforeAContinuingOneIsAsOldAsItself) {
  ChangelogRecord record = Range(5, 6);
  record.previous_append_ms = kNow - 25 * kHour;
  record.continues = true;
  ExpectStop(Apply(record, 40), "records before it were removed");
}

TEST_F(ChangelogReplayTest, OnlyTheFirstRecordIsAskedForWhatCameBeforeIt) {
  ASSERT_TRUE(Apply(Range(0, 2)));
  ChangelogRecord record = Range(2, 3);
  record.previous_append_ms = kNow - kHour;
  EXPECT_TRUE(Apply(record, 1));
}

TEST_F(ChangelogReplayTest, AKeptStateGoesOnWhereItStood) {
  ASSERT_TRUE(Apply(Range(0, 2)));
  replay_.reset();
  ChangelogRecord record = Range(2, 3);
  record.previous_append_ms = kNow - kHour;
  ASSERT_TRUE(Apply(record, 1));
  EXPECT_THAT(Offsets(), ElementsAre(0, 1, 2));
  replay_.reset();
  ExpectStop(Apply(Range(4, 5), 1), "input offsets from 4");
}

TEST_F(ChangelogReplayTest, RefusesBrokenBytes) {
  ExpectStop(ApplyBytes("nonsense"), "offset 0");
  EXPECT_EQ(state_.changelog.last, -1);
}

TEST_F(ChangelogReplayTest, RefusesAnotherPartitionsRecord) {
  ChangelogRecord record = Range(0, 1);
  record.partition = 2;
  ExpectStop(Apply(record), "input partition 2");
}

TEST(OutlivedRetentionTest, UnlimitedIsNever) {
  EXPECT_FALSE(OutlivedRetention(1, 0, kNow));
  EXPECT_TRUE(OutlivedRetention(kNow - kHour, kHour, kNow));
  EXPECT_FALSE(OutlivedRetention(kNow - kHour, 2 * kHour, kNow));
}

}  // namespace
}  // namespace semel::pipeline
