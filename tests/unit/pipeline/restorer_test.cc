#include "restorer_test.h"

namespace semel::pipeline {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// The offset first: a commit after it is then in what is replayed. The other way round it is
// missed.
TEST_F(RestorerTest, AsksForTheOffsetThenForTheEndThenReads) {
  Commit(0, 0, 3);
  ASSERT_TRUE(Restore(0));
  EXPECT_THAT(kafka_.trace, ElementsAre("committed 0", "marks orders-changelog/0", "marks orders/0",
                                        "open orders-changelog/0@0", "read orders-changelog/0"));
}

TEST_F(RestorerTest, ReplaysEverythingThatWasCommitted) {
  Commit(0, 0, 3);
  broker_.End(Write(0, 3, 5), false);
  Commit(0, 3, 4);
  kafka_.slice_records_max = 1;
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_THAT(Offsets(*state), ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(state->committed, 4);
  EXPECT_TRUE(state->has_committed);
  EXPECT_FALSE(state->owes_commit);
}

TEST_F(RestorerTest, NothingWasEverCommitted) {
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->committed, 0);
  EXPECT_FALSE(state->has_committed);
  EXPECT_TRUE(state->owes_commit);
}

TEST_F(RestorerTest, TheFirstStartMayBeTheEnd) {
  settings_.start.kind = StartPoint::Kind::kLatest;
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_EQ(state->committed, 100);
}

// --- open transactions ------------------------------------------------------------------------

// Two hand-overs: the dead owner's open record hides what a later owner committed behind it.
TEST_F(RestorerTest, NeverEndsAtTheLastStableOffset) {
  Commit(0, 0, 3);
  Write(0, 3, 9, "semel.orders-dead-0", false);
  Commit(0, 3, 5);
  kafka_.Fail(Call::kAbortTransactionOf, {Action::kRetry, "not yet"});
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_THAT(Offsets(*state), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(kafka_.CountTrace("abort of semel.orders-dead-0"), 2U);
}

TEST_F(RestorerTest, ALiveOwnerIsGivenAMomentToCommit) {
  Commit(0, 0, 3);
  const ProducerEpoch live = Write(0, 3, 5);
  bool decided = false;
  kafka_.before = [&](Call call) {
    if (call == Call::kCommitted && kafka_.CountTrace("committed") == 2)
      broker_.End(live, decided = true);
  };
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_TRUE(decided);
  EXPECT_EQ(kafka_.CountTrace("abort"), 0U);
  EXPECT_EQ(state->committed, 5);
}

TEST_F(RestorerTest, AnUndecidedOffsetIsWaitedFor) {
  Commit(0, 0, 3);
  Write(0, 3, 5, "semel.orders-dead-0");
  const auto state = Restore(0);
  ASSERT_TRUE(state);
  EXPECT_GE(kafka_.CountTrace("committed"), 2U);
  EXPECT_EQ(kafka_.CountTrace("abort of semel.orders-dead-0"), 1U);
  EXPECT_EQ(state->committed, 3);
  EXPECT_THAT(Offsets(*state), ElementsAre(0, 1, 2));
}

TEST_F(RestorerTest, WhatNeverEndsIsAnErrorAfterALongWait) {
  Commit(0, 0, 3);
  Write(0, 3, 5, "semel.orders-dead-0", false);
  kafka_.fault = [](Call call) -> std::optional<Error> {
    if (call != Call::kAbortTransactionOf) return std::nullopt;
    return Error{Action::kRetry, "no coordinator"};
  };
  const auto begun = clock_.Now();
  ExpectError(0, Action::kConnect, "hides the end of the changelog from offset 2");
  EXPECT_GT(clock_.Now() - begun, std::chrono::seconds{140});
  EXPECT_LT(clock_.Now() - begun, std::chrono::seconds{160});
}

TEST_F(RestorerTest, BrokersThatDoNotAnswerAreAnErrorAfterALongWait) {
  kafka_.fault = [](Call call) -> std::optional<Error> {
    if (call != Call::kCommitted) return std::nullopt;
    return Error{Action::kRetry, "timed out"};
  };
  ExpectError(0, Action::kConnect, "140 s: timed out");
}

// --- several partitions -----------------------------------------------------------------------

TEST_F(RestorerTest, ABlockedPartitionDoesNotHoldUpAnother) {
  Commit(0, 0, 3);
  Commit(1, 0, 2);
  const ProducerEpoch blocking = Write(0, 3, 5, "semel.orders-dead-0", false);
  kafka_.fault = [](Call call) -> std::optional<Error> {
    if (call != Call::kAbortTransactionOf) return std::nullopt;
    return Error{Action::kRetry, "no coordinator"};
  };
  Submit(0);
  Submit(1);
  auto results = Finish(1);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_FALSE(results[0].error);
  EXPECT_EQ(results[0].state->partition, 1);
  broker_.End(blocking, false);
  results = Finish(1);
  ASSERT_EQ(results.size(), 1U);
  EXPECT_FALSE(results[0].error);
  EXPECT_THAT(Offsets(*results[0].state), ElementsAre(0, 1, 2));
}

// Its turn comes late, but nothing of it waits: only what it waits for itself counts.
TEST_F(RestorerTest, APartitionIsNotLateBecauseOthersWereRestoredFirst) {
  for (kafka::Offset begin = 0; begin < 20; ++begin) Commit(0, begin, begin + 1);
  Commit(1, 0, 2);
  kafka_.slice_records_max = 1;
  kafka_.before = [&](Call call) {
    if (call == Call::kRead) clock_.Advance(std::chrono::seconds{10});
  };
  kafka_.fault = [asked = 0](Call call) mutable -> std::optional<Error> {
    if (call != Call::kCommitted || ++asked != 2) return std::nullopt;
    return Error{Action::kRetry, "timed out"};
  };
  Submit(0);
  Submit(1);
  for (const RestoreResult& result : Finish(2)) EXPECT_FALSE(result.error) << result.error->message;
}

// --- cancelled --------------------------------------------------------------------------------

TEST_F(RestorerTest, CancelledInTheMiddleItGoesOnWhereItStood) {
  for (kafka::Offset begin = 0; begin < 5; ++begin) Commit(0, begin, begin + 1);
  kafka_.slice_records_max = 2;
  Submit(0);
  ASSERT_TRUE(NothingComesBack(2));
  queue_.Cancel(0);
  auto results = Finish();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_FALSE(results[0].error);
  EXPECT_THAT(Offsets(*results[0].state), ElementsAre(0, 1));
  Submit(0, std::move(results[0].state));
  results = Finish();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_THAT(Offsets(*results[0].state), ElementsAre(0, 1, 2, 3, 4));
  EXPECT_EQ(kafka_.CountTrace("open orders-changelog/0@3"), 1U);  // 1 and 3 are markers
  EXPECT_EQ(results[0].state->unsaved, 5U);                       // no snapshot has any of them
}

TEST_F(RestorerTest, OneThatWaitsForItsTurnIsCancelledAtOnce) {
  Commit(0, 0, 3);
  Write(0, 3, 5, "semel.orders-dead-0", false);
  kafka_.fault = [](Call call) -> std::optional<Error> {
    if (call != Call::kAbortTransactionOf) return std::nullopt;
    return Error{Action::kRetry, "no coordinator"};
  };
  Submit(0);
  ASSERT_TRUE(NothingComesBack(3));
  Submit(1);
  queue_.Cancel(1);
  const auto results = Finish();
  ASSERT_EQ(results.size(), 1U);
  EXPECT_EQ(results[0].state->partition, 1);
}

// Half of a replay that leaves entries out is no state to continue from.
TEST_F(RestorerTest, ACancelledReplayIsForgotten) {
  settings_.on_reset = OnReset::kReplay;
  for (kafka::Offset begin = 0; begin < 5; ++begin) Commit(0, begin, begin + 1);
  broker_.committed[0] = {2, ""};
  kafka_.slice_records_max = 1;
  Submit(0);
  bool cancelled = false;
  kafka_.before = [&](Call call) {
    if (call == Call::kRead && kafka_.CountTrace("open orders-changelog/0@0") == 2 &&
        !std::exchange(cancelled, true))
      queue_.Cancel(0);
  };
  auto results = Finish();
  ASSERT_EQ(results.size(), 1U);
  ASSERT_TRUE(cancelled);
  EXPECT_THAT(Offsets(*results[0].state), IsEmpty());
  EXPECT_EQ(results[0].state->changelog.next, 0);
}

}  // namespace
}  // namespace semel::pipeline
