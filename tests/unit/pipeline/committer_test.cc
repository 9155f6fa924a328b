#include "pipeline/committer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lane_process.h"

namespace semel::pipeline {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

/// An open transaction with nothing but the start of partition 0, held under assignment 1.
class CommitterTest : public ::testing::Test {
 protected:
  CommitterTest() {
    auto consumer = kafka_.OpenConsumer();
    consumer_ = std::move(*consumer);
    kafka_.Give({0});
    const auto polled = consumer_->Poll(kafka::Milliseconds{10}, 1);
    EXPECT_TRUE(consumer_->Acknowledge(*polled->rebalance));
    EXPECT_TRUE(committer_.Open());
    EXPECT_TRUE(committer_.producer().Begin());
    state_.changelog.epoch = 1;
    transaction_.Work(state_, 1);
  }

  Ended::How Commit(std::uint64_t owned) {
    const auto ended = committer_.Commit(
        transaction_, *consumer_,
        [&](kafka::Partition, std::uint64_t ownership) { return ownership == owned; });
    EXPECT_TRUE(ended);
    return ended ? ended->how : Ended::How::kElsewhere;
  }

  const semel::testing::ManualClock clock_;
  semel::testing::FakeBroker broker_;
  const LaneSettings settings_ = semel::testing::OrdersSettings();
  semel::testing::ScriptedKafka kafka_{
      broker_, clock_, {"orders", {"orders-unique", "orders-changelog"}}, "semel.orders-a-0"};
  semel::testing::KeptLog log_;
  metrics::LaneSnapshot counters_;
  std::unique_ptr<kafka::InputConsumer> consumer_;
  MemoryBudget budget_{std::size_t{1} << 30U};
  PartitionState state_{0, OpenMemorySeenSet({}), budget_};
  Committer committer_{kafka_, settings_, "semel.orders-a-0", clock_, log_, counters_};
  Transaction transaction_{clock_.Now()};
};

TEST_F(CommitterTest, CommitsWhatIsStillHeld) {
  EXPECT_EQ(Commit(1), Ended::How::kCommitted);
  EXPECT_EQ(broker_.committed.count(0), 1U);
}

// Away and back: the group would take the offsets, but another owner may have worked in between.
TEST_F(CommitterTest, WorkOfAnEarlierAssignmentIsNotCommitted) {
  EXPECT_EQ(Commit(2), Ended::How::kAborted);
  EXPECT_EQ(kafka_.CountTrace("send offsets"), 0U);
  EXPECT_EQ(broker_.committed.count(0), 0U);
  EXPECT_FALSE(broker_.HasOpen("semel.orders-a-0"));
}

// What was sent may be under way still. The new producer fences it; then the offsets are the last
// word.
TEST_F(CommitterTest, AnUnknownCommitIsDecidedBeforeItsOffsetsAreReadBack) {
  kafka_.commit_fates = {semel::testing::CommitFate::kLost};
  EXPECT_EQ(Commit(1), Ended::How::kAborted);
  const auto first = std::find(kafka_.trace.begin(), kafka_.trace.end(), "committed 0");
  ASSERT_GE(first - kafka_.trace.begin(), 2);
  EXPECT_THAT(std::vector(first - 2, first), ElementsAre("producer gone", "init"));
  EXPECT_THAT(std::vector(first, kafka_.trace.end()), Each("committed 0"));
}

// The coordinator may be one that was replaced and does not know it: it has never seen the commit.
TEST_F(CommitterTest, OldOffsetsAreNotBelievedAtOnce) {
  kafka_.commit_fates = {semel::testing::CommitFate::kAppliedUnanswered};
  std::map<kafka::Partition, kafka::CommittedOffset> now;
  int asked = 0;
  // It hangs still when it is asked first.
  kafka_.fault = [&](semel::testing::Call call) -> std::optional<Error> {
    if (call != semel::testing::Call::kCommitted) return std::nullopt;
    ++asked;
    if (asked == 1) now = std::exchange(broker_.committed, {});
    if (asked == 12) broker_.committed = now;
    return asked < 10 ? std::optional(Error{Action::kRetry, "timed out"}) : std::nullopt;
  };
  EXPECT_EQ(Commit(1), Ended::How::kCommitted);
  EXPECT_EQ(asked, 12);
}

TEST_F(CommitterTest, WithoutMembershipNoOffsetsAreSent) {
  EXPECT_TRUE(consumer_->Leave(kafka::Milliseconds{10}));
  EXPECT_EQ(Commit(1), Ended::How::kAborted);
  EXPECT_EQ(kafka_.CountTrace("send offsets"), 0U);
}

}  // namespace
}  // namespace semel::pipeline
