// How transactions of a lane end: by a fault in any call, by a commit that nobody answers, by an
// order to stop.
#include "lane_test.h"

namespace semel::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class LaneTransactionTest : public LaneTest {};

TEST_F(LaneTransactionTest, EveryEventComesOutOnceAndInOrder) {
  Put(0, "a b a c b");
  Put(1, "x a x");
  kafka_.Give({0, 1});
  ExpectSuccess(process_.Run());
  EXPECT_THAT(Output(0), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Output(1), ElementsAre("x", "a"));
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

// The end lies behind records that come again after the roll-back: taken over, they were skipped.
TEST_F(LaneTransactionTest, NothingIsSkippedWhenProduceFailsInAPollThatReachesTheEnd) {
  kafka_.Give({0});
  process_.Then([&] {
    Put(0, "a b c");
    kafka_.Fail(Call::kProduce, {Action::kAbort, "a broker is away"}, 1);
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_THAT(Output(0), ElementsAre("a", "b", "c"));
}

// Nothing of the second partition was taken when the first one failed, but its records were read.
TEST_F(LaneTransactionTest, ThePartitionBehindTheOneThatFailsComesAgain) {
  kafka_.Give({0, 1});
  process_.Then([&] {
    Put(0, "a b");
    Put(1, "x y");
    kafka_.Fail(Call::kProduce, {Action::kAbort, "a broker is away"});
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
  EXPECT_THAT(Output(1), ElementsAre("x", "y"));
}

// Some other order and a crash in between tears output, changelog and offsets apart.
TEST_F(LaneTransactionTest, AllOfATransactionIsAcknowledgedBeforeItsOffsets) {
  Put(0, "a b");
  kafka_.Give({0});
  ExpectSuccess(process_.Run());
  std::vector<std::string> calls;
  for (const std::string& call : kafka_.trace) {
    if (call == "begin" || call.starts_with("produce ") || call == "flush" ||
        call == "send offsets" || call == "commit") {
      calls.push_back(call);
    }
  }
  EXPECT_THAT(calls, ElementsAre("begin", "produce orders-unique/0", "produce orders-unique/0",
                                 "produce orders-changelog/0", "flush", "send offsets", "commit"));
}

TEST_F(LaneTransactionTest, DuplicatesOnlyMoveTheOffsetToo) {
  Put(0, "a");
  kafka_.Give({0});
  process_.Then([&] { Put(0, "a a"); });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(Changelog(0).size(), 2U);
}

TEST_F(LaneTransactionTest, RecordsThatNobodySeesAreLeftBehindToo) {
  Put(0, "a");
  PutAborted(0, "b c");
  PutAborted(1, "x");
  kafka_.Give({0, 1});
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
  EXPECT_EQ(broker_.committed.at(1).offset, 2);
}

TEST_F(LaneTransactionTest, WhatLiesBehindAnOpenTransactionWaits) {
  const ProducerEpoch writer = broker_.Init("somebody");
  Put(0, "a");
  kafka_.Give({0});
  process_.Then([&] {
    broker_.Begin(writer);
    broker_.Append(writer, "orders", 0, {.time_ms = clock_.WallMs(), .value = "b"});
    Put(0, "c");
  });
  process_.Then([&] {
    EXPECT_THAT(Output(0), ElementsAre("a"));
    broker_.End(writer, true);
  });
  ExpectSuccess(process_.Run());
  EXPECT_THAT(Output(0), ElementsAre("a", "b", "c"));
  ExpectExactlyOnce(0);
}

TEST_F(LaneTransactionTest, ARecordThatComesTwiceIsTakenOnce) {
  Put(0, "a b c");
  kafka_.Give({0});
  process_.Then([&] {
    kafka_.Redeliver(0, 1);
    Put(0, "d");
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(process_.Counters().partitions.at(0).read, 4U);
}

TEST_F(LaneTransactionTest, ARecordThatComesTwiceWithinATransactionIsTakenOnce) {
  kafka_.poll_records_max = 2;
  Put(0, "a b c d");
  bool again = true;
  kafka_.before = [&](Call call) {
    if (call == Call::kPoll && Output(0).empty() && kafka_.fetched.contains(0) &&
        kafka_.fetched[0].next == 2 && std::exchange(again, false)) {
      kafka_.Redeliver(0, 0);
    }
  };
  kafka_.Give({0});
  ExpectSuccess(process_.Run());
  EXPECT_FALSE(again);
  ExpectExactlyOnce(0);
  EXPECT_EQ(process_.Counters().partitions.at(0).read, 4U);
}

TEST_F(LaneTransactionTest, StoppingCommitsWhatIsOpen) {
  kafka_.Give({0});
  process_.Then([&] {
    Put(0, "a b");
    process_.Stop();
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(kafka_.trace.back(), "producer gone");
  EXPECT_EQ(kafka_.CountTrace("leave"), 1U);
}

TEST_F(LaneTransactionTest, AnErrorLeavesNothingOpen) {
  kafka_.Give({0});
  process_.Then([&] {
    Put(0, "a b");
    kafka_.Fail(Call::kPoll, {Action::kConnect, "not authorized"}, 1);
  });
  ExpectError(process_.Run(), Action::kConnect, "not authorized");
  EXPECT_FALSE(broker_.HasOpen("semel.orders-a-0"));
  EXPECT_EQ(kafka_.CountTrace("leave"), 1U);
  ExpectExactlyOnceSoFar(0);
  EXPECT_TRUE(Output(0).empty());
}

TEST_F(LaneTransactionTest, APolicyThatFailsLeavesNothingOfItsTransaction) {
  pipeline::LaneSettings settings = OrdersSettings();
  settings.key.parts = {"key"};
  settings.policies.missing = {pipeline::Policy::Kind::kFail};
  LaneProcess process(broker_, clock_, settings, "semel.orders-a-0");
  Input(0).Append({.time_ms = clock_.WallMs(), .key = "k", .value = "a"});
  Input(0).Append({.time_ms = clock_.WallMs(), .value = "b"});
  process.kafka.Give({0});
  ExpectError(process.Run(), Action::kStop, "topic orders partition 0 offset 1");
  EXPECT_TRUE(Output(0).empty());
  EXPECT_FALSE(broker_.HasOpen("semel.orders-a-0"));
}

TEST_F(LaneTransactionTest, TheMemoryLimitEndsWithAText) {
  LaneProcess process(broker_, clock_, OrdersSettings(), "semel.orders-a-0", 1);
  Put(0, "a");
  process.kafka.Give({0});
  ExpectError(process.Run(), Action::kStop, "--memory-limit");
  EXPECT_FALSE(broker_.HasOpen("semel.orders-a-0"));
}

// --- the commit that a start owes -------------------------------------------------------------

TEST_F(LaneTransactionTest, AnIdlePartitionCommitsItsStart) {
  kafka_.Give({0});
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(broker_.committed.at(0).offset, 0);
}

TEST_F(LaneTransactionTest, AnIdlePartitionCommitsItsStartAlsoAfterARollBack) {
  kafka_.Fail(Call::kFlush, {Action::kAbort, "a broker is away"});
  kafka_.Give({0});
  ExpectSuccess(process_.Run());
  ASSERT_TRUE(broker_.committed.contains(0));
  ExpectExactlyOnce(0);
}

// --- faults that pass -------------------------------------------------------------------------

TEST_F(LaneTransactionTest, ATaintedProducerIsReplacedAfterTheCommit) {
  kafka_.commit_fates = {CommitFate::kAnsweredTainted};
  kafka_.Give({0});
  process_.Then([&] { Put(0, "a b"); });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(kafka_.CountTrace("init"), 2U);
  EXPECT_EQ(process_.Counters().producer_replacements, 1U);
}

TEST_F(LaneTransactionTest, WithoutAFaultNoProducerIsReplaced) {
  kafka_.Give({0});
  for (int i = 0; i < 100; ++i) process_.Then([&, i] { Put(0, std::to_string(i)); });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(process_.Counters().transactions_committed, 101U);
  EXPECT_EQ(kafka_.CountTrace("init"), 1U);
}

struct PassingFault {
  const char* name;
  Call call;
  int skip;
  Action action;
};

class LanePassingFaultTest : public LaneTest, public ::testing::WithParamInterface<PassingFault> {};

TEST_P(LanePassingFaultTest, NothingIsLostOrRepeated) {
  Put(0, "a b");
  Put(1, "x");
  kafka_.Give({0, 1});
  process_.Then([&] {
    Put(0, "c a d");
    Put(1, "y x");
    kafka_.Fail(GetParam().call, {GetParam().action, "a fault"}, GetParam().skip);
  });
  process_.Then([&] {
    Put(0, "e b");
    Put(1, "z y");
  });
  ExpectSuccess(process_.Run());
  EXPECT_EQ(kafka_.CountTrace("init"), 2U);
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

INSTANTIATE_TEST_SUITE_P(
    , LanePassingFaultTest,
    ::testing::Values(PassingFault{"BeginAborts", Call::kBegin, 0, Action::kAbort},
                      PassingFault{"BeginFenced", Call::kBegin, 0, Action::kFenced},
                      PassingFault{"FirstOutputAborts", Call::kProduce, 0, Action::kAbort},
                      PassingFault{"SecondOutputFenced", Call::kProduce, 1, Action::kFenced},
                      PassingFault{"OutputOfTheSecondAborts", Call::kProduce, 2, Action::kAbort},
                      PassingFault{"ChangelogAborts", Call::kProduce, 3, Action::kAbort},
                      PassingFault{"SecondChangelogAborts", Call::kProduce, 4, Action::kAbort},
                      PassingFault{"FlushAborts", Call::kFlush, 0, Action::kAbort},
                      PassingFault{"FlushFenced", Call::kFlush, 0, Action::kFenced},
                      PassingFault{"OffsetsAbort", Call::kSendOffsets, 0, Action::kAbort},
                      PassingFault{"OffsetsFenced", Call::kSendOffsets, 0, Action::kFenced},
                      PassingFault{"CommitAborts", Call::kCommit, 0, Action::kAbort},
                      PassingFault{"CommitFenced", Call::kCommit, 0, Action::kFenced}),
    [](const auto& test) { return test.param.name; });

TEST_F(LaneTransactionTest, TheCoordinatorMayNeedSomeTriesToInitialise) {
  for (int i = 0; i < 3; ++i) kafka_.Fail(Call::kInit, {Action::kRetry, "coordinator loads"});
  Put(0, "a");
  kafka_.Give({0});
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
}

TEST_F(LaneTransactionTest, ACoordinatorThatIsAwayForLongEndsTheLane) {
  kafka_.fault = [](Call call) -> std::optional<Error> {
    if (call == Call::kInit) return Error{Action::kRetry, "no coordinator"};
    return std::nullopt;
  };
  const auto begun = clock_.Now();
  ExpectError(process_.Run(), Action::kRetry, "no coordinator");
  EXPECT_LT(clock_.Now() - begun, std::chrono::seconds{150});
}

TEST_F(LaneTransactionTest, AFencingNowAndThenIsSurvived) {
  kafka_.Give({0});
  for (int i = 0; i < 12; ++i) {
    process_.Then([&, i] {
      clock_.Advance(std::chrono::seconds{15});
      Put(0, std::to_string(i));
      broker_.Init("semel.orders-a-0");
    });
  }
  ExpectSuccess(process_.Run());
  EXPECT_EQ(process_.Counters().fenced, 12U);
  ExpectExactlyOnce(0);
}

TEST_F(LaneTransactionTest, TwoProcessesWithOneTransactionalIdDoNotFightForEver) {
  kafka_.Give({0});
  for (int i = 0; i < 6; ++i) {
    process_.Then([&, i] {
      Put(0, std::to_string(i));
      broker_.Init("semel.orders-a-0");
    });
  }
  ExpectError(process_.Run(), Action::kStop, "semel.orders-a-0");
  ExpectExactlyOnceSoFar(0);
  EXPECT_EQ(Output(0).size(), 5U);
}

// --- commits that nobody answers --------------------------------------------------------------

class LaneUnknownCommitTest : public LaneTest, public ::testing::WithParamInterface<CommitFate> {};

TEST_P(LaneUnknownCommitTest, OfRecords) {
  Put(0, "a b");
  Put(1, "x");
  kafka_.commit_fates = {CommitFate::kAnswered, GetParam()};
  kafka_.Give({0, 1});
  process_.Then([&] { Put(0, "c a"); });
  process_.Then([&] { Put(0, "c d b"); });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
  const metrics::LaneSnapshot counters = process_.Counters();
  EXPECT_EQ(counters.transactions_unknown, 1U);
  EXPECT_EQ(counters.transactions_aborted, GetParam() == CommitFate::kLost ? 1U : 0U);
  EXPECT_EQ(counters.partitions.at(0).read, 7U);
}

TEST_P(LaneUnknownCommitTest, OfTheFirstStartOfAll) {
  kafka_.commit_fates = {GetParam()};
  kafka_.Give({0});
  process_.Then([&] { Put(0, "a"); });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
}

// Such a commit moves no offset: only its metadata tells whether it happened.
TEST_P(LaneUnknownCommitTest, OfANewRule) {
  Put(0, "a b");
  kafka_.Give({0});
  ExpectSuccess(process_.Run());
  pipeline::LaneSettings settings = OrdersSettings();
  settings.window = std::chrono::hours{1};
  settings.accepted.new_rule = true;
  LaneProcess next(broker_, clock_, settings, "semel.orders-a-0");
  next.kafka.commit_fates = {GetParam()};
  next.kafka.Give({0});
  next.Then([&] { EXPECT_EQ(Changelog(0).back().epoch, 2U); });
  next.Then([&] { Put(0, "c"); });
  ExpectSuccess(next.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(Changelog(0).size(), 3U);
}

// Neither the old offset nor the new one: what is known of the partition is read again and
// compared.
TEST_F(LaneTransactionTest, AnUnknownCommitWhoseOffsetSomebodyMoved) {
  kafka_.commit_fates = {CommitFate::kAnswered, CommitFate::kLost};
  Put(0, "a b c");
  kafka_.Give({0});
  process_.settled_after = 100;  // an offset that lies behind is asked for again for 5 s
  process_.Then([&] {
    Put(0, "d");
    kafka_.before = [&](Call call) {
      if (call == Call::kCommitted) broker_.committed[0] = {1, ""};
    };
  });
  ExpectError(process_.Run(), Action::kStop, "committed offset 1 lies behind the changelog");
}

INSTANTIATE_TEST_SUITE_P(, LaneUnknownCommitTest,
                         ::testing::Values(CommitFate::kAppliedUnanswered,
                                           CommitFate::kAppliedByInit, CommitFate::kLost),
                         [](const auto& test) {
                           if (test.param == CommitFate::kLost) return "Lost";
                           return test.param == CommitFate::kAppliedByInit ? "AppliedByInit"
                                                                           : "Applied";
                         });

// Every stream is behind an open transaction for a moment, also at the first look.
TEST_F(LaneTransactionTest, AnOpenTransactionInTheInputIsToldOfAfterTenSeconds) {
  Input(0).Append({.state = StoredRecord::State::kOpen, .time_ms = clock_.WallMs(), .value = "a"});
  kafka_.Give({0});
  process_.Then([&] {
    EXPECT_TRUE(process_.Counters().partitions.at(0).blocked);
    EXPECT_EQ(process_.log.Count("input blocked"), 0U);
    clock_.Advance(std::chrono::seconds{11});
  });
  ExpectSuccess(process_.Run());
  EXPECT_EQ(process_.log.Count("input blocked"), 1U);
}

}  // namespace
}  // namespace semel::testing
