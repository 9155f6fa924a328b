// The parts of a client on a simulated cluster, end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "simulated_client.h"

namespace semel::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

constexpr milliseconds kEnough{5000};

class ClientTest : public testing::Test {
 protected:
  ClientTest() : cluster_(scheduler_, faults_, {}) {
    cluster_.CreateTopic("in", {.partitions = 2});
    cluster_.CreateTopic("out", {.partitions = 2});
    cluster_.CreateTopic("log", {.partitions = 2});
  }

  static ClientOptions Options(const std::string& name) {
    return {.name = name,
            .group = "g",
            .input_topic = "in",
            .instance = name,
            .transactional_id = "t-" + name,
            .producer_topics = {"out", "log"}};
  }

  void Write(kafka::Partition partition, const std::string& value) {
    cluster_.Log("in", partition).Append({.records = {{.time_ms = 1, .value = value}}}, 1);
  }

  /// Runs it as the only task of a process.
  void Run(const std::function<void(Process&)>& task) {
    Process& process = scheduler_.NewProcess("p");
    scheduler_.Start(process, "main", [this, &process, task] {
      task(process);
      scheduler_.Stop();
    });
    EXPECT_EQ(scheduler_.Run(), std::nullopt);
  }

  Scheduler scheduler_{{}};
  FaultPlan faults_ = [] {
    FaultPlan plan(1, {});
    plan.SetCalm(true);
    return plan;
  }();
  Cluster cluster_;
  SilentLogger log_;
};

std::vector<std::string> Values(const kafka::Polled& polled) {
  std::vector<std::string> values;
  for (const Record& record : polled.batch->records()) values.emplace_back(*record.value);
  return values;
}

TEST_F(ClientTest, CommitsATransactionWithOffsets) {
  Write(0, "a");
  Run([&](Process& process) {
    SimulatedClient client(cluster_, process, Options("w"), log_);
    auto consumer = *client.OpenConsumer();
    auto polled = *consumer->Poll(kEnough, 10);
    ASSERT_TRUE(polled.rebalance);
    EXPECT_THAT(polled.rebalance->partitions, ElementsAre(0, 1));
    ASSERT_TRUE(consumer->Acknowledge(*polled.rebalance));
    ASSERT_TRUE(consumer->StartFetching({{0, 0}, {1, 0}}));
    polled = *consumer->Poll(kEnough, 10);
    while (polled.batch->records().empty()) polled = *consumer->Poll(kEnough, 10);
    EXPECT_THAT(Values(polled), ElementsAre("a"));

    auto producer = *client.OpenProducer();
    ASSERT_TRUE(producer->Init(kEnough));
    ASSERT_TRUE(producer->Begin());
    ASSERT_TRUE(producer->Produce({.topic = 0, .partition = 1, .value = "x", .tag = 7}));
    const auto delivered = producer->Flush(kEnough);
    ASSERT_TRUE(delivered);
    ASSERT_EQ(delivered->size(), 1U);
    EXPECT_EQ((*delivered)[0].offset, 0);
    const kafka::GroupToken token = *consumer->Membership();
    EXPECT_TRUE(token.fenced());
    ASSERT_TRUE(producer->SendOffsets({{0, {1, "m"}}}, token, kEnough));
    EXPECT_EQ(producer->Commit(kEnough).outcome, kafka::CommitOutcome::kCommitted);
    EXPECT_FALSE(producer->tainted());
    auto reader = *client.OpenLogReader();
    const auto committed = reader->Committed(std::vector<kafka::Partition>{0, 1}, kEnough);
    ASSERT_TRUE(committed);
    EXPECT_THAT(*committed, ElementsAre(testing::Pair(0, kafka::CommittedOffset{1, "m"})));
    const auto marks = reader->Marks("out", 1, kEnough);
    ASSERT_TRUE(marks);
    EXPECT_EQ(marks->high, 2);
    EXPECT_EQ(marks->last_stable, 2);
    ASSERT_TRUE(reader->Open("out", 1, 0));
    const auto slice = reader->Read(kEnough, 1000);
    ASSERT_TRUE(slice);
    ASSERT_EQ(slice->records.size(), 1U);
    EXPECT_EQ(slice->records[0].value, "x");
    EXPECT_EQ(reader->Read(kEnough, 1000)->end, 2);
  });
}

TEST_F(ClientTest, FencesTheProducerThatWasReplaced) {
  Run([&](Process& process) {
    SimulatedClient client(cluster_, process, Options("w"), log_);
    auto first = *client.OpenProducer();
    ASSERT_TRUE(first->Init(kEnough));
    ASSERT_TRUE(first->Begin());
    ASSERT_TRUE(first->Produce({.topic = 0, .partition = 0, .value = "x"}));
    ASSERT_TRUE(first->Flush(kEnough));
    auto second = *client.OpenProducer();
    ASSERT_TRUE(second->Init(kEnough));
    EXPECT_EQ(cluster_.Log("out", 0).last_stable(), 2);
    EXPECT_FALSE(cluster_.Log("out", 0).Visible(0));
    const auto commit = first->Commit(kEnough);
    EXPECT_EQ(commit.outcome, kafka::CommitOutcome::kUnknown);
    EXPECT_EQ(commit.error.action, Action::kFenced);
    EXPECT_TRUE(first->tainted());
  });
}

TEST_F(ClientTest, SharesPartitionsBetweenTwoMembers) {
  Run([&](Process& process) {
    SimulatedClient one(cluster_, process, Options("a"), log_);
    SimulatedClient other(cluster_, process, Options("b"), log_);
    auto first = *one.OpenConsumer();
    auto polled = *first->Poll(kEnough, 10);
    ASSERT_TRUE(first->Acknowledge(*polled.rebalance));
    auto second = *other.OpenConsumer();
    polled = *first->Poll(kEnough, 10);
    ASSERT_TRUE(polled.rebalance);
    EXPECT_EQ(polled.rebalance->kind, kafka::Rebalance::Kind::kRevoked);
    ASSERT_TRUE(first->Acknowledge(*polled.rebalance));
    polled = *first->Poll(kEnough, 10);
    ASSERT_TRUE(polled.rebalance);
    EXPECT_THAT(polled.rebalance->partitions, ElementsAre(0));
    ASSERT_TRUE(first->Acknowledge(*polled.rebalance));
    polled = *second->Poll(kEnough, 10);
    ASSERT_TRUE(polled.rebalance);
    EXPECT_THAT(polled.rebalance->partitions, ElementsAre(1));
  });
}

}  // namespace
}  // namespace semel::simulation
