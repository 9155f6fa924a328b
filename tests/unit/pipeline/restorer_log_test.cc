// Changelogs and inputs that do not fit what was committed, and the restorer's answers.
#include "restorer_test.h"

namespace semel::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(RestorerTest, AChangelogCutAtTheFrontTooEarly) {
  Commit(0, 0, 3);
  Commit(0, 3, 5);
  broker_.Log("orders-changelog", 0).RemoveBefore(2);
  ExpectError(0, Action::kStop, "records before it were removed");
}

TEST_F(RestorerTest, AChangelogCutAtTheFrontByItsRetention) {
  settings_.changelog_retention = std::chrono::hours{1};
  Commit(0, 0, 3);
  Commit(0, 3, 5);
  broker_.Log("orders-changelog", 0).RemoveBefore(2);
  clock_.Advance(std::chrono::hours{2});
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_THAT(Offsets(*state), ElementsAre(3, 4));
  EXPECT_EQ(kafka_.CountTrace("open orders-changelog/0@2"), 1U);
}

TEST_F(RestorerTest, AKeptStateThatTheLogNoLongerReachesIsForgotten) {
  settings_.changelog_retention = std::chrono::hours{1};
  Commit(0, 0, 3);
  auto state = Restore(0);
  ASSERT_TRUE(state);
  Commit(0, 3, 5);
  Commit(0, 5, 6);
  broker_.Log("orders-changelog", 0).RemoveBefore(4);
  clock_.Advance(std::chrono::hours{2});
  Submit(0, std::move(state));
  const auto results = Finish();
  ASSERT_EQ(results.size(), 1U);
  ASSERT_FALSE(results[0].error);
  EXPECT_THAT(Offsets(*results[0].state), ElementsAre(5));
}

// Retention does not wait for a restore. What it takes nobody needs, so the restore begins again.
TEST_F(RestorerTest, AChangelogCutAtTheFrontByItsRetentionWhileItIsRead) {
  settings_.changelog_retention = std::chrono::hours{1};
  kafka_.slice_records_max = 1;
  Commit(0, 0, 3);
  Commit(0, 3, 5);
  Commit(0, 5, 6);
  clock_.Advance(std::chrono::hours{2});
  int reads = 0;
  kafka_.before = [&](Call call) {
    if (call == Call::kRead && ++reads == 2) broker_.Log("orders-changelog", 0).RemoveBefore(4);
  };
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_THAT(Offsets(*state), ElementsAre(5));
  EXPECT_EQ(state->committed, 6);
}

TEST_F(RestorerTest, AChangelogCutAtTheFrontTooEarlyWhileItIsRead) {
  kafka_.slice_records_max = 1;
  Commit(0, 0, 3);
  Commit(0, 3, 5);
  Commit(0, 5, 6);
  int reads = 0;
  kafka_.before = [&](Call call) {
    if (call == Call::kRead && ++reads == 2) broker_.Log("orders-changelog", 0).RemoveBefore(4);
  };
  ExpectError(0, Action::kStop, "records before it were removed");
}

TEST_F(RestorerTest, AChangelogThatWasMadeAnew) {
  Commit(0, 0, 3);
  broker_.Log("orders-changelog", 0).Recreate();
  ExpectError(0, Action::kStop, "changelog record 0 of orders-changelog, which ends at 0");
}

TEST_F(RestorerTest, AnotherRule) {
  Commit(0, 0, 3);
  settings_.window = std::chrono::hours{1};
  ExpectError(0, Action::kStop, "--accept-new-rule");
}

TEST_F(RestorerTest, AnotherRuleThatWasAcceptedBeginsAnEpoch) {
  Commit(0, 0, 3);
  settings_.window = std::chrono::hours{1};
  settings_.accepted.new_rule = true;
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_THAT(Offsets(*state), IsEmpty());
  EXPECT_EQ(state->changelog.epoch, 2U);
  EXPECT_EQ(state->committed, 3);
  EXPECT_TRUE(state->owes_commit);
}

TEST_F(RestorerTest, ANewInputThatIsShorterThanTheOldOne) {
  Commit(0, 0, 50);
  broker_.Log("orders", 0).Recreate();
  ExpectError(0, Action::kStop, "the topic ends at 0");
}

// A broker that hung goes on as the leader that it was, with the log that it had.
TEST_F(RestorerTest, TheEndThatAReplacedLeaderTells) {
  Commit(0, 0, 50);
  for (const std::string topic : {"orders", "orders-changelog"}) {
    const semel::testing::FakeLog whole = broker_.Log(topic, 0);
    broker_.Log(topic, 0).Recreate();
    int asked = 0;
    kafka_.before = [&](Call call) {
      if (call == Call::kCommitted && ++asked == 5) broker_.Log(topic, 0) = whole;
    };
    const auto state = Restore(0);
    ASSERT_TRUE(state) << topic;
    EXPECT_EQ(state->committed, 50) << topic;
    EXPECT_EQ(state->seen->size(), 50U) << topic;
    EXPECT_EQ(asked, 5) << topic;
  }
}

TEST_F(RestorerTest, TheOffsetThatAReplacedCoordinatorTells) {
  settings_.on_reset = OnReset::kReplay;
  Commit(0, 0, 50);
  const auto old = broker_.committed;
  Commit(0, 50, 60);
  const auto now = std::exchange(broker_.committed, old);
  int asked = 0;
  kafka_.before = [&](Call call) {
    if (call == Call::kCommitted && ++asked == 5) broker_.committed = now;
  };
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->committed, 60);
  EXPECT_EQ(state->seen->size(), 60U);
  EXPECT_FALSE(state->rewinds);
  EXPECT_EQ(asked, 5);
}

// A commit is answered before its markers are written.
TEST_F(RestorerTest, TheEndThatIsKeptIsBehindTheMarker) {
  const ProducerEpoch before = Write(0, 0, 5, "semel.orders-b-0", false);
  broker_.committed[0] = {5, ""};
  kafka_.slice_records_max = 1;
  kafka_.before = [&](Call call) {
    if (call != Call::kOpen) return;
    kafka_.before = nullptr;
    broker_.End(before, true);
  };
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->changelog.next, 1);
  EXPECT_EQ(state->changelog.unproven_end, 2);
}

// It wakes when the end was asked for already.
TEST_F(RestorerTest, TheLogThatAReplacedLeaderReads) {
  Commit(0, 0, 50);
  auto kept = Restore(0);
  Commit(0, 50, 60);
  int reads = 0;
  kafka_.fault = [&](Call call) -> std::optional<Error> {
    if (call != Call::kRead || ++reads > 3) return std::nullopt;
    return Error{Action::kStop, "no offset to reset to"};
  };
  Submit(0, std::move(kept));
  const auto results = Finish();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_FALSE(results[0].error);
  EXPECT_EQ(results[0].state->committed, 60);
  kafka_.fault = [](Call call) -> std::optional<Error> {
    if (call != Call::kRead) return std::nullopt;
    return Error{Action::kStop, "no offset to reset to"};
  };
  ExpectError(0, Action::kStop, "no offset to reset to");
}

TEST_F(RestorerTest, AReplayForgetsWhatWasClaimedFromThereOn) {
  settings_.on_reset = OnReset::kReplay;
  Commit(0, 0, 3);
  Commit(0, 3, 6);
  broker_.committed[0] = {2, ""};
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_THAT(Offsets(*state), ElementsAre(0, 1));
  EXPECT_EQ(state->committed, 2);
  EXPECT_TRUE(state->rewinds);
}

TEST_F(RestorerTest, MoreThanTheMemoryLimitIsAnError) {
  MemoryBudget small(1);
  auto restorer = Restorer::Open({.client = kafka_,
                                  .settings = settings_,
                                  .budget = small,
                                  .queue = queue_,
                                  .clock = clock_,
                                  .log = log_});
  restorer_ = std::move(*restorer);
  Commit(0, 0, 3);
  Submit(0, std::make_unique<PartitionState>(0, OpenMemorySeenSet({}), small));
  const auto results = Finish();
  ASSERT_EQ(results.size(), 1U);
  ASSERT_TRUE(results[0].error);
  EXPECT_THAT(results[0].error->message, HasSubstr("--memory-limit"));
}

// An owner that does not know yet that it was replaced (it was paused) restores while its successor
// commits. Nobody moved anything back; asking once more shows it.
TEST_F(RestorerTest, ACommitBetweenTheQuestions) {
  Commit(0, 0, 3);
  bool once = true;
  kafka_.before = [&](Call call) {
    if (call == Call::kMarks && std::exchange(once, false)) Commit(0, 3, 5);
  };
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->committed, 5);
}

// What a replay left out of a kept state must not be missed once the offset was moved on again.
TEST_F(RestorerTest, AReplayThatWasNeverCommittedLeavesNoHoleInAKeptState) {
  settings_.on_reset = OnReset::kReplay;
  Commit(0, 0, 3);
  Commit(0, 3, 6);
  const kafka::CommittedOffset end = broker_.committed.at(0);
  broker_.committed[0] = {2, ""};
  auto state = Restore(0);
  ASSERT_TRUE(state);
  broker_.committed[0] = end;
  Submit(0, std::move(state));
  const auto results = Finish();
  ASSERT_EQ(results.size(), 1U);
  ASSERT_FALSE(results[0].error);
  EXPECT_EQ(results[0].state->committed, 6);
  EXPECT_THAT(Offsets(*results[0].state), ElementsAre(0, 1, 2, 3, 4, 5));
}

}  // namespace
}  // namespace semel::pipeline
