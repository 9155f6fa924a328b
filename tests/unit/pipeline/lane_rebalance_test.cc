// Partitions that are given, taken and lost, at any moment of a transaction or restore; and a
// process that was paused while somebody else took over.
#include "lane_test.h"

namespace semel::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class LaneRebalanceTest : public LaneTest {
 protected:
  /// Number of the first call of this name in the trace; calls before `from` do not count.
  std::size_t Index(const std::string& call, std::size_t from = 0) const {
    const auto& trace = kafka_.trace;
    return static_cast<std::size_t>(
        std::find(trace.begin() + static_cast<std::ptrdiff_t>(from), trace.end(), call) -
        trace.begin());
  }

  /// A process of the same group, to which everything belongs while it runs.
  Result<void> RunAnother(const std::vector<kafka::Partition>& partitions) {
    LaneProcess another(broker_, clock_, OrdersSettings(), "semel.orders-b-0");
    another.kafka.Give(partitions);
    another.settled_after = 100;  // longer than it waits before it ends a transaction of ours
    return another.Run();
  }
};

TEST_F(LaneRebalanceTest, WhatIsRevokedIsCommittedFirst) {
  kafka_.Give({0, 1});
  std::size_t mark = 0;
  process_.Then([&] {
    mark = kafka_.trace.size();
    Put(0, "a b");
    Put(1, "x");
    kafka_.Revoke({0});
  });
  ExpectSuccess(process_.Run());
  ASSERT_LT(Index("commit", mark), kafka_.trace.size());
  EXPECT_LT(Index("commit", mark), Index("acknowledge 0", mark));
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

TEST_F(LaneRebalanceTest, WhatCannotBeCommittedIsRolledBackBeforeItGoes) {
  kafka_.Give({0, 1});
  process_.Then([&] {
    Put(0, "a b");
    Put(1, "x");
    kafka_.Fail(Call::kFlush, {Action::kAbort, "a broker is away"});
    kafka_.Revoke({0});
  });
  process_.Then([&] {
    EXPECT_THAT(Output(0), IsEmpty());
    ExpectExactlyOnce(1);
    ExpectSuccess(RunAnother({0}));
    ExpectExactlyOnce(0);
  });
  ExpectSuccess(process_.Run());
}

TEST_F(LaneRebalanceTest, WhatIsLostIsNeverCommitted) {
  kafka_.Give({0, 1});
  std::size_t mark = 0;
  process_.Then([&] {
    mark = kafka_.trace.size();
    Put(0, "a b");
    Put(1, "x");
    kafka_.Lose({0, 1});
  });
  process_.Then([&] {
    EXPECT_LT(Index("begin", mark), kafka_.trace.size());
    EXPECT_EQ(Index("flush", mark), kafka_.trace.size()) << "not even tried";
    EXPECT_EQ(Index("send offsets", mark), kafka_.trace.size());
    EXPECT_THAT(Output(0), IsEmpty());
    EXPECT_EQ(broker_.committed.at(0).offset, 0);
    kafka_.Give({0, 1});
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

// The consumer refuses, or waits in vain, to move partitions that are on their way to others.
TEST_F(LaneRebalanceTest, ARollBackInThePollThatTakesPartitionsAway) {
  kafka_.Give({0, 1});
  process_.Then([&] {
    Put(0, "a b");
    Put(1, "x");
    kafka_.Fail(Call::kProduce, {Action::kAbort, "a broker is away"}, 1);
    kafka_.Revoke({0});
  });
  process_.Then([&] { kafka_.Give({0}); });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

TEST_F(LaneRebalanceTest, LostAndGivenAtOnce) {
  kafka_.Give({0, 1});
  process_.Then([&] {
    Put(0, "a b");
    Put(1, "x");
    kafka_.Lose({0, 1});
    kafka_.Give({0, 1});
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

TEST_F(LaneRebalanceTest, OtherPartitionsGoOnWhileOneIsGivenAway) {
  kafka_.Give({0, 1});
  process_.Then([&] {
    Put(1, "x");
    kafka_.Revoke({0});
  });
  process_.Then([&] { Put(1, "y x"); });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(1);
  EXPECT_EQ(kafka_.CountTrace("start"), 1U) << "partition 1 was never given again";
}

TEST_F(LaneRebalanceTest, AnAssignmentLeavesTheOpenTransactionAlone) {
  kafka_.Give({0});
  process_.Then([&] {
    Put(0, "a");
    kafka_.Give({1});
  });
  process_.Then([&] { Put(1, "x"); });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
  EXPECT_EQ(process_.Counters().transactions_aborted, 0U);
}

// --- what is kept -----------------------------------------------------------------------------

TEST_F(LaneRebalanceTest, APartitionThatReturnsReadsOnlyWhatIsNew) {
  Put(0, "a b");
  kafka_.Give({0});
  process_.Then([&] { kafka_.Revoke({0}); });
  process_.Then([&] {
    kafka_.Give({0});
    Put(0, "c a");
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(kafka_.CountTrace("open orders-changelog/0@0"), 1U);
  EXPECT_EQ(kafka_.CountTrace("open orders-changelog/0@1"), 1U);
}

TEST_F(LaneRebalanceTest, WhatAnotherOwnerDidMeanwhileIsKnownWhenAPartitionReturns) {
  Put(0, "a b");
  kafka_.Give({0});
  process_.Then([&] { kafka_.Revoke({0}); });
  process_.Then([&] {
    Put(0, "c a");
    ExpectSuccess(RunAnother({0}));
    Put(0, "c d b");
    kafka_.Give({0});
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(kafka_.CountTrace("open orders-changelog/0@0"), 1U);
}

TEST_F(LaneRebalanceTest, WhatIsAwayForLongIsForgotten) {
  Put(0, "a b");
  kafka_.Give({0});
  process_.Then([&] { kafka_.Revoke({0}); });
  process_.Then([&] { clock_.Advance(std::chrono::minutes{5}); });
  process_.Then([&] {
    kafka_.Give({0});
    Put(0, "c a");
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(kafka_.CountTrace("open orders-changelog/0@0"), 2U);
}

TEST_F(LaneRebalanceTest, WhatWasRolledBackIsNotKept) {
  Put(0, "a");
  kafka_.Give({0});
  process_.Then([&] {
    Put(0, "b c");
    kafka_.Lose({0});
  });
  process_.Then([&] { kafka_.Give({0}); });
  ExpectSuccess(process_.Run());
  EXPECT_THAT(Output(0), ElementsAre("a", "b", "c"));
  ExpectExactlyOnce(0);
}

// --- in the middle of a restore ---------------------------------------------------------------

class LaneRestoringTest : public LaneRebalanceTest {
 protected:
  LaneRestoringTest() {
    Put(0, "a b");
    ExpectSuccess(RunAnother({0}));
    for (const char* words : {"c a", "d b", "e"}) {
      Put(0, words);
      ExpectSuccess(RunAnother({0}));
    }
    kafka_.slice_records_max = 1;
  }

  /// Does `what` before the restore reads its second record.
  void InTheMiddle(std::function<void()> what) {
    kafka_.before = [what, reads = 0](Call call) mutable {
      if (call == Call::kRead && ++reads == 2) what();
    };
  }
};

TEST_F(LaneRestoringTest, TakenAwayAndBack) {
  kafka_.Give({0});
  InTheMiddle([&] {
    kafka_.Revoke({0});
    kafka_.Give({0});
    Put(0, "f c");
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
}

TEST_F(LaneRestoringTest, TakenAwayAndWorkedOnByAnother) {
  kafka_.Give({0});
  InTheMiddle([&] { kafka_.Lose({0}); });
  process_.Then([&] {
    Put(0, "f c");
    ExpectSuccess(RunAnother({0}));
    Put(0, "g f");
    kafka_.Give({0});
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
}

TEST_F(LaneRestoringTest, StoppedInTheMiddle) {
  kafka_.Give({0});
  InTheMiddle([&] { process_.Stop(); });
  ExpectSuccess(process_.Run());
  EXPECT_EQ(kafka_.CountTrace("begin"), 0U);
  ExpectExactlyOnce(0);
}

// --- fences -----------------------------------------------------------------------------------

// The group has moved on and the member hears of it late: it tries and tries meanwhile.
TEST_F(LaneRebalanceTest, OffsetsOfAnEarlierGenerationAreRefused) {
  kafka_.Give({0});
  process_.Then([&] {
    Put(0, "a b");
    broker_.Rebalance();
    kafka_.before = [&, sent = 0](Call call) mutable {
      if (call != Call::kSendOffsets || ++sent < 3) return;
      EXPECT_THAT(Output(0), IsEmpty());
      if (sent > 3) return;
      kafka_.Lose({0});
      kafka_.Give({0});
    };
  });
  ExpectSuccess(process_.Run());
  EXPECT_GE(process_.Counters().transactions_aborted, 3U);
  ExpectExactlyOnce(0);
}

// The group forgot this member, gave what it held to another one and took it back, and nobody says
// that anything was lost: the token is valid, only what it is used for is old.
TEST_F(LaneRebalanceTest, WhatIsRevokedOfANewMemberIsNotCommitted) {
  kafka_.Give({0, 1});
  process_.Then([&] {
    Put(0, "a b");
    ExpectSuccess(RunAnother({0}));
    Put(0, "a c");
    Put(1, "x");
    kafka_.RevokeAsNewMember({0});
  });
  process_.Then([&] {
    EXPECT_EQ(broker_.committed.at(0).offset, 2) << "as the other one left it";
    kafka_.Give({0});
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

TEST_F(LaneRebalanceTest, WhatANewMemberHoldsIsReadAgain) {
  kafka_.Give({0});
  process_.Then([&] {
    Put(0, "a b");
    ExpectSuccess(RunAnother({0}));
    Put(0, "a c");
    Put(1, "x");
    kafka_.GiveAsNewMember({1});
  });
  ExpectSuccess(process_.Run());
  EXPECT_THAT(Output(0), ElementsAre("a", "b", "c"));
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

TEST_F(LaneRebalanceTest, MorePartitionsThanAtTheStart) {
  kafka_.Give({0, 2});
  ExpectError(process_.Run(), Action::kStop, "--accept-new-partitions");
}

/// Paused before a call of its transaction for so long that another process takes everything over,
/// works, and leaves again.
class LanePausedTest : public LaneRebalanceTest, public ::testing::WithParamInterface<Call> {
 protected:
  void PauseAt(Call at, std::function<void()> meanwhile) {
    kafka_.before = [this, at, meanwhile](Call call) {
      if (call != at || !armed_) return;
      armed_ = false;
      kafka_.Expel(2);
      meanwhile();
      kafka_.Give({0, 1});
    };
  }
  bool armed_ = false;
};

TEST_P(LanePausedTest, TheOtherTookEverything) {
  Put(0, "a b");
  kafka_.Give({0, 1});
  PauseAt(GetParam(), [&] {
    clock_.Advance(std::chrono::seconds{30});
    Put(1, "y x");
    ExpectSuccess(RunAnother({0, 1}));
    EXPECT_EQ(broker_.committed.at(0).offset, 4);
    EXPECT_EQ(broker_.committed.at(1).offset, 3);
    Put(0, "d c");
  });
  process_.Then([&] {
    Put(0, "c a");
    Put(1, "x");
    armed_ = true;
  });
  ExpectSuccess(process_.Run());
  EXPECT_FALSE(armed_);
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

TEST_P(LanePausedTest, TheOtherHadNothingToDoYet) {
  Put(0, "a b");
  kafka_.Give({0, 1});
  PauseAt(GetParam(), [&] { broker_.Init("semel.orders-a-0"); });
  process_.Then([&] {
    Put(0, "c a");
    Put(1, "x");
    armed_ = true;
  });
  ExpectSuccess(process_.Run());
  EXPECT_FALSE(armed_);
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

INSTANTIATE_TEST_SUITE_P(, LanePausedTest,
                         ::testing::Values(Call::kPoll, Call::kBegin, Call::kProduce, Call::kFlush,
                                           Call::kSendOffsets, Call::kCommit),
                         [](const auto& test) { return std::string("At") + Name(test.param); });

}  // namespace
}  // namespace semel::testing
