// What clients and brokers make of lost connections, late requests and dead brokers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "simulated_client.h"

namespace semel::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kEnough{5000};

struct World {
  explicit World(std::uint64_t seed) : faults(seed, {}), cluster(scheduler, faults, {}) {
    cluster.CreateTopic("in", {.partitions = 2});
    cluster.CreateTopic("out", {.partitions = 1});
  }
  static ClientOptions Options(const std::string& name) {
    return {.name = name,
            .group = "g",
            .input_topic = "in",
            .instance = name,
            .transactional_id = name,
            .producer_topics = {"out"}};
  }
  std::optional<std::string> Run(const std::function<void(Process&)>& task) {
    Process& process = scheduler.NewProcess("p");
    scheduler.Start(process, "main", [this, &process, task] {
      task(process);
      scheduler.Stop();
    });
    return scheduler.Run();
  }
  std::unique_ptr<kafka::TransactionalProducer> Initialised(kafka::Client& client) {
    auto producer = std::move(*client.OpenProducer());
    while (!producer->Init(kEnough)) {
    }
    return producer;
  }

  Scheduler scheduler{{}};
  FaultPlan faults;
  Cluster cluster;
  SilentLogger log;
};

bool Write(kafka::TransactionalProducer& producer, std::string_view value) {
  return producer.Begin() && producer.Produce({.topic = 0, .partition = 0, .value = value}) &&
         producer.Flush(kEnough);
}

/// True when a transaction that nobody committed was committed by the request that committed the
/// one before it, and arrived twice (KAFKA-17754).
bool LateCommitHits(std::uint64_t seed, bool obey_the_taint) {
  World world(seed);
  bool hit = false;
  const auto failed = world.Run([&](Process& process) {
    SimulatedClient client(world.cluster, process, World::Options("w"), world.log);
    auto producer = world.Initialised(client);
    if (!Write(*producer, "first")) return;
    if (producer->Commit(kEnough).outcome != kafka::CommitOutcome::kCommitted) return;
    if (obey_the_taint && producer->tainted()) {
      producer.reset();
      producer = world.Initialised(client);
    }
    if (!Write(*producer, "second")) return;
    world.scheduler.Sleep(seconds(4));
    const PartitionLog& out = world.cluster.Log("out", 0);
    for (kafka::Offset offset = 0; offset < out.last_stable(); ++offset)
      hit |= out.at(offset).value == "second" && out.Visible(offset);
  });
  EXPECT_EQ(failed, std::nullopt);
  return hit;
}

TEST(NetworkTest, ALateCommitHitsALaterTransactionUnlessTheProducerIsReplaced) {
  int hits = 0;
  for (std::uint64_t seed = 1; seed <= 3000; ++seed) {
    if (!LateCommitHits(seed, false)) continue;
    ++hits;
    EXPECT_FALSE(LateCommitHits(seed, true)) << "seed " << seed;
  }
  EXPECT_GT(hits, 0);
}

TEST(NetworkTest, WhatIsCommittedIsThereOnce) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    World world(seed);
    int committed = 0;
    const auto failed = world.Run([&](Process& process) {
      SimulatedClient client(world.cluster, process, World::Options("w"), world.log);
      auto producer = world.Initialised(client);
      while (committed < 20) {
        const auto value = std::to_string(committed);
        const bool done = Write(*producer, value) &&
                          producer->Commit(kEnough).outcome == kafka::CommitOutcome::kCommitted;
        const bool again = !done || producer->tainted();
        if (again) producer.reset();
        if (again) producer = world.Initialised(client);
        // An unknown commit is decided once a successor is there.
        const PartitionLog& out = world.cluster.Log("out", 0);
        bool there = false;
        while (out.last_stable() != out.high()) world.scheduler.Sleep(milliseconds(10));
        for (kafka::Offset offset = 0; offset < out.high(); ++offset)
          there |= out.Visible(offset) && out.at(offset).value == value;
        EXPECT_TRUE(there || !done) << "seed " << seed;
        committed += there ? 1 : 0;
      }
    });
    EXPECT_EQ(failed, std::nullopt) << "seed " << seed;
    const PartitionLog& out = world.cluster.Log("out", 0);
    int next = 0;
    for (kafka::Offset offset = 0; offset < out.high(); ++offset) {
      if (!out.Visible(offset)) continue;
      EXPECT_EQ(out.at(offset).value, std::to_string(next++));
    }
    EXPECT_EQ(next, 20) << "seed " << seed;
  }
}

TEST(NetworkTest, ADeadLeadersPartitionIsLedByAnother) {
  World world(1);
  world.faults.SetCalm(true);
  const auto failed = world.Run([&](Process& process) {
    SimulatedClient client(world.cluster, process, World::Options("w"), world.log);
    auto producer = world.Initialised(client);
    const BrokerId leader = world.cluster.LeaderOf({"out", 0});
    world.cluster.Crash(leader);
    EXPECT_FALSE(Write(*producer, "a"));
    producer.reset();
    world.scheduler.Sleep(seconds(10));
    producer = world.Initialised(client);
    EXPECT_NE(world.cluster.LeaderOf({"out", 0}), leader);
    EXPECT_TRUE(Write(*producer, "b"));
    EXPECT_EQ(producer->Commit(kEnough).outcome, kafka::CommitOutcome::kCommitted);
  });
  EXPECT_EQ(failed, std::nullopt);
}

/// It hung for longer than its session, and for a moment does not know that it was replaced.
TEST(NetworkTest, AReplacedLeaderTellsWhatItHad) {
  World world(1);
  world.faults.SetCalm(true);
  const TopicPartition out{"out", 0};
  const auto failed = world.Run([&](Process& process) {
    SimulatedClient client(world.cluster, process, World::Options("w"), world.log);
    const auto reader = std::move(*client.OpenLogReader());
    auto producer = world.Initialised(client);
    EXPECT_TRUE(Write(*producer, "a"));
    EXPECT_EQ(producer->Commit(kEnough).outcome, kafka::CommitOutcome::kCommitted);
    world.scheduler.Sleep(seconds(1));
    const BrokerId old = world.cluster.LeaderOf(out);
    world.cluster.Pause(old);
    world.scheduler.Sleep(seconds(10));
    EXPECT_NE(world.cluster.LeaderOf(out), old);
    producer = world.Initialised(client);
    EXPECT_TRUE(Write(*producer, "b"));
    EXPECT_EQ(producer->Commit(kEnough).outcome, kafka::CommitOutcome::kCommitted);
    EXPECT_EQ(reader->Marks("out", 0, kEnough)->high, 4);
    world.cluster.Continue(old);
    EXPECT_EQ(world.cluster.LeaderOf(out), old);
    EXPECT_EQ(reader->Marks("out", 0, kEnough)->high, 2);
    world.scheduler.Sleep(seconds(4));
    EXPECT_NE(world.cluster.LeaderOf(out), old);
    EXPECT_EQ(reader->Marks("out", 0, kEnough)->high, 4);
  });
  EXPECT_EQ(failed, std::nullopt);
}

TEST(NetworkTest, WithoutEnoughBrokersNothingIsWritten) {
  World world(1);
  world.faults.SetCalm(true);
  const auto failed = world.Run([&](Process& process) {
    SimulatedClient client(world.cluster, process, World::Options("w"), world.log);
    auto producer = world.Initialised(client);
    const BrokerId leader = world.cluster.LeaderOf({"out", 0});
    for (BrokerId broker = 0; broker < world.cluster.brokers(); ++broker)
      if (broker != leader) world.cluster.Crash(broker);
    EXPECT_FALSE(Write(*producer, "a"));
    for (BrokerId broker = 0; broker < world.cluster.brokers(); ++broker)
      if (broker != leader) world.cluster.Restart(broker);
    producer.reset();
    producer = world.Initialised(client);
    EXPECT_TRUE(Write(*producer, "b"));
  });
  EXPECT_EQ(failed, std::nullopt);
}

/// The session of a member that was stopped ends, and it finds that out when it goes on.
TEST(NetworkTest, AMemberThatStoodStillLosesItsPartitions) {
  World world(1);
  world.faults.SetCalm(true);
  Process& victim = world.scheduler.NewProcess("victim");
  std::vector<kafka::Rebalance::Kind> kinds;
  kafka::GroupToken old;
  world.scheduler.Start(victim, "main", [&] {
    SimulatedClient client(world.cluster, victim, World::Options("v"), world.log);
    const auto consumer = std::move(*client.OpenConsumer());
    while (kinds.size() < 3) {
      const auto polled = consumer->Poll(kEnough, 10);
      ASSERT_TRUE(polled);
      if (!polled->rebalance) continue;
      kinds.push_back(polled->rebalance->kind);
      ASSERT_TRUE(consumer->Acknowledge(*polled->rebalance));
      if (kinds.size() == 1) old = *consumer->Membership();
    }
    world.scheduler.Stop();
  });
  world.scheduler.After(seconds(5), [&] { world.scheduler.Pause(victim); });
  world.scheduler.After(seconds(25), [&] { world.scheduler.Continue(victim); });
  EXPECT_EQ(world.scheduler.Run(), std::nullopt);
  using enum kafka::Rebalance::Kind;
  EXPECT_THAT(kinds, testing::ElementsAre(kAssigned, kLost, kAssigned));
  EXPECT_TRUE(old.fenced());
}

TEST(NetworkTest, AKilledProcessLeavesItsTransactionOpen) {
  World world(1);
  world.faults.SetCalm(true);
  Process& victim = world.scheduler.NewProcess("victim");
  world.scheduler.Start(victim, "main", [&] {
    SimulatedClient client(world.cluster, victim, World::Options("v"), world.log);
    auto producer = world.Initialised(client);
    EXPECT_TRUE(Write(*producer, "a"));
    world.scheduler.Sleep(seconds(60));
  });
  world.scheduler.After(seconds(2), [&] { world.scheduler.Kill(victim); });
  const PartitionLog& out = world.cluster.Log("out", 0);
  world.scheduler.After(seconds(4), [&] { EXPECT_EQ(out.last_stable(), 0); });
  world.scheduler.After(seconds(25), [&] {
    EXPECT_EQ(out.last_stable(), 2);
    EXPECT_FALSE(out.Visible(0));
    world.scheduler.Stop();
  });
  EXPECT_EQ(world.scheduler.Run(), std::nullopt);
}

}  // namespace
}  // namespace semel::simulation
