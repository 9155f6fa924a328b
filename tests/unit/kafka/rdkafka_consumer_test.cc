// On librdkafka's mock cluster, which gives a member that comes without an id a new one, as a
// group's coordinator does with a named one.
#include "kafka/rdkafka_consumer.h"

#include <gmock/gmock.h>

#include <functional>

#include "../wiring/mock_cluster.h"

namespace semel::kafka {
namespace {

class RdkafkaConsumerTest : public ::testing::Test {
 protected:
  RdkafkaConsumerTest() {
    cluster_.CreateTopic("orders", 2);
    ClientSettings settings = cluster_.Settings();
    settings.properties = {{"partition.assignment.strategy", "cooperative-sticky"},
                           {"session.timeout.ms", "6000"}};
    auto opened = RdkafkaConsumer::Open(
        settings, {.group = "semel", .topic = "orders", .instance = "a-0"}, log_);
    EXPECT_TRUE(opened) << opened.error().message;
    if (opened) consumer_ = std::move(*opened);
  }

  /// Takes up what the group says until `wanted` was among it.
  ::testing::AssertionResult Await(const std::function<bool(const Rebalance&)>& wanted) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < until) {
      const auto polled = consumer_->Poll(Milliseconds{100}, 10);
      if (!polled) return ::testing::AssertionFailure() << polled.error().message;
      if (!polled->rebalance) continue;
      const bool found = wanted(*polled->rebalance);
      const auto acknowledged = consumer_->Acknowledge(*polled->rebalance);
      if (!acknowledged) return ::testing::AssertionFailure() << acknowledged.error().message;
      if (found) return ::testing::AssertionSuccess();
    }
    return ::testing::AssertionFailure() << "not within 60 s";
  }

  std::string MemberId() const { return consumer_->Membership()->member_id; }

  MockCluster cluster_;
  SilentLogger log_;
  std::unique_ptr<RdkafkaConsumer> consumer_;
};

// The group begins a rebalance and forgets this member while it joins: nothing is lost as far as
// librdkafka says.
TEST_F(RdkafkaConsumerTest, ANewMemberIdIsTold) {
  ASSERT_TRUE(Await(
      [](const Rebalance& given) { return given.partitions.size() == 2 && !given.as_new_member; }));
  const std::string before = MemberId();
  cluster_.FailNextJoin(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
  cluster_.FailNextHeartbeat(RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
  bool lost = false;
  ASSERT_TRUE(Await([&](const Rebalance& rebalance) {
    lost = lost || rebalance.kind == Rebalance::Kind::kLost;
    return rebalance.as_new_member || lost;
  }));
  EXPECT_FALSE(lost);
  EXPECT_NE(MemberId(), before);
}

TEST_F(RdkafkaConsumerTest, WhatWasStoppedAndLostIsFetchedWhenItComesBack) {
  ASSERT_TRUE(Await([](const Rebalance& given) { return given.partitions.size() == 2; }));
  ASSERT_TRUE(consumer_->StartFetching({{0, 0}, {1, 0}}));
  const Partition partition = 0;
  ASSERT_TRUE(consumer_->StopFetching({&partition, 1}));
  cluster_.FailNextHeartbeat(RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
  ASSERT_TRUE(Await([](const Rebalance& said) { return said.kind == Rebalance::Kind::kLost; }));
  ASSERT_TRUE(Await([](const Rebalance& said) { return said.kind == Rebalance::Kind::kAssigned; }));
  cluster_.Produce("orders", partition, "x", 1);
  ASSERT_TRUE(consumer_->StartFetching({{partition, 0}}));
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  std::size_t records = 0;
  while (records == 0 && std::chrono::steady_clock::now() < until) {
    const auto polled = consumer_->Poll(Milliseconds{100}, 10);
    ASSERT_TRUE(polled) << polled.error().message;
    records = polled->batch->records().size();
  }
  EXPECT_EQ(records, 1U);
}

// So a leader answers that hung, was replaced, and goes on before it hears of that. Those who
// restore look again; what comes back again and again is an error.
TEST_F(RdkafkaConsumerTest, AnOffsetBehindTheEndIsNotJudgedAtOnce) {
  const auto given = [](const Rebalance& said) { return said.kind == Rebalance::Kind::kAssigned; };
  const auto lost = [](const Rebalance& said) { return said.kind == Rebalance::Kind::kLost; };
  for (int time = 0; time < 2; ++time) {
    ASSERT_TRUE(Await(given));
    ASSERT_TRUE(consumer_->StartFetching({{0, 7}}));
    ASSERT_TRUE(Await(lost));
  }
  ASSERT_TRUE(Await(given));
  ASSERT_TRUE(consumer_->StartFetching({{0, 7}}));
  EXPECT_THAT(Await(given).message(),
              testing::HasSubstr("orders [0]: offset 7 is not there; the log is from 0 to 0"));
}

}  // namespace
}  // namespace semel::kafka
