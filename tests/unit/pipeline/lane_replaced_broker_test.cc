// A broker that hung for longer than its session goes on, for a moment, as the leader and the
// coordinator that it was, with what it had then.
#include "lane_test.h"

namespace semel::testing {
namespace {

class LaneReplacedBrokerTest : public LaneTest {
 protected:
  struct Told {
    std::map<kafka::Partition, kafka::CommittedOffset> committed;
    FakeLog changelog;
  };
  Told Now() { return {broker_.committed, broker_.Log("orders-changelog", 0)}; }
  void Tell(const Told& told) {
    broker_.committed = told.committed;
    broker_.Log("orders-changelog", 0) = told.changelog;
  }

  /// Old answers, until the real leader is to append something.
  void TellUntilProduce(const Told& old) {
    Told now = Now();
    Tell(old);
    kafka_.before = [this, now = std::move(now)](Call call) {
      if (call != Call::kProduce) return;
      Tell(now);
      kafka_.before = nullptr;
    };
  }

  void Work(const std::string& words) {
    Put(0, words);
    LaneProcess another(broker_, clock_, OrdersSettings(), "semel.orders-b-0");
    another.kafka.Give({0});
    ExpectSuccess(another.Run());
  }
};

// Offset and changelog agree, so nothing tells that both are old, until a record of ours is
// appended by the real leader.
TEST_F(LaneReplacedBrokerTest, TellsAnOldOffsetAndAnOldEnd) {
  Work("a b");
  const Told old = Now();
  Work("c a d");
  TellUntilProduce(old);
  Put(0, "b e");
  kafka_.Give({0});
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(Output(0), Words("a b c d e"));
  EXPECT_EQ(process_.Counters().transactions_aborted, 1U);
  EXPECT_EQ(kafka_.CountTrace("open orders-changelog/0@0"), 1U) << "then only what is left of it";
}

TEST_F(LaneReplacedBrokerTest, TellsNothingYet) {
  const Told old = Now();
  Work("a b");
  TellUntilProduce(old);
  Put(0, "b c");
  kafka_.Give({0});
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(Output(0), Words("a b c"));
}

// The end is where it was left, so there is nothing to restore again.
TEST_F(LaneReplacedBrokerTest, AnEndThatHoldsCostsNothing) {
  Work("a b");
  Put(0, "b c");
  kafka_.Give({0});
  process_.Then([&] { Put(0, "d"); });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_EQ(process_.Counters().transactions_aborted, 0U);
  EXPECT_EQ(kafka_.CountTrace("committed 0"), 1U);
}

}  // namespace
}  // namespace semel::testing
