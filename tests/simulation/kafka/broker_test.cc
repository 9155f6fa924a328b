// The brokers' side by itself: sequences made by hand.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>

#include "group_coordinator.h"
#include "partition_log.h"
#include "transaction_coordinator.h"

namespace semel::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

constexpr ProducerIdAndEpoch kOne{1, 0};
constexpr ProducerIdAndEpoch kTwo{2, 0};

RecordBatch BatchOf(ProducerIdAndEpoch producer, std::int32_t sequence, std::size_t count,
                    bool transactional = true) {
  RecordBatch batch{
      .producer = producer, .first_sequence = sequence, .transactional = transactional};
  batch.records.resize(count);
  return batch;
}

// --- logs ----------------------------------------------------------------------------------------

TEST(PartitionLogTest, TakesABatchOnce) {
  PartitionLog log({});
  EXPECT_EQ(log.Append(BatchOf(kOne, 0, 2, false), 0).first, 0);
  EXPECT_EQ(log.Append(BatchOf(kOne, 2, 1, false), 0).first, 2);
  EXPECT_EQ(log.Append(BatchOf(kOne, 0, 2, false), 0).first, 0);
  EXPECT_EQ(log.high(), 3);
}

TEST(PartitionLogTest, TakesNoGapAndNoOldEpoch) {
  PartitionLog log({});
  EXPECT_EQ(log.Append(BatchOf(kOne, 0, 1, false), 0).error, kNoError);
  EXPECT_EQ(log.Append(BatchOf(kOne, 5, 1, false), 0).error,
            RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  EXPECT_EQ(log.Append(BatchOf({1, 1}, 3, 1, false), 0).error,
            RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER);
  EXPECT_EQ(log.Append(BatchOf({1, 1}, 0, 1, false), 0).error, kNoError);
  EXPECT_EQ(log.Append(BatchOf(kOne, 1, 1, false), 0).error,
            RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
}

TEST(PartitionLogTest, HidesWhatLiesBehindAnOpenTransaction) {
  PartitionLog log({});
  log.Append(BatchOf(kOne, 0, 1), 0);
  log.Append(BatchOf(kTwo, 0, 2), 0);
  EXPECT_EQ(log.AppendMarker(kTwo, true, 0), kNoError);
  EXPECT_EQ(log.last_stable(), 0);
  EXPECT_EQ(log.AppendMarker(kOne, false, 0), kNoError);
  EXPECT_EQ(log.last_stable(), 5);
  EXPECT_FALSE(log.Visible(0));
  EXPECT_TRUE(log.Visible(1));
  EXPECT_TRUE(log.Visible(2));
  EXPECT_FALSE(log.Visible(3));
}

TEST(PartitionLogTest, TakesNoMarkerOfAnOldEpoch) {
  PartitionLog log({});
  log.Append(BatchOf(kOne, 0, 1), 0);
  EXPECT_EQ(log.AppendMarker({1, 1}, false, 0), kNoError);
  EXPECT_EQ(log.AppendMarker(kOne, true, 0), RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
  EXPECT_EQ(log.Append(BatchOf(kOne, 1, 1), 0).error, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
}

TEST(PartitionLogTest, TellsOnceThatItMoved) {
  PartitionLog log({});
  int moved = 0;
  const auto asker = std::make_shared<int>(0);
  log.WhenMoved(asker, [&] { ++moved; });
  log.WhenMoved(std::make_shared<int>(0), [&] { moved += 10; });
  log.Append(BatchOf(kOne, 0, 1), 0);
  log.Append(BatchOf(kOne, 1, 1), 0);
  EXPECT_EQ(moved, 1);
}

// --- transactions --------------------------------------------------------------------------------

class TransactionCoordinatorTest : public testing::Test {
 protected:
  struct Marker {
    TxnTarget target;
    ProducerIdAndEpoch producer;
    bool commit;
  };
  void WriteAll() {
    for (const Marker& marker : std::exchange(asked_, {}))
      coordinator_.MarkerWritten("t", marker.target, marker.producer);
  }
  ProducerIdAndEpoch Open() {
    const auto producer = coordinator_.Init("t", seconds(5)).producer;
    EXPECT_EQ(coordinator_.Add("t", producer, {kPartition}, begin_), kNoError);
    return producer;
  }

  const TxnTarget kPartition{"out", 0};
  const TransactionCoordinator::Time begin_{seconds(100)};
  std::vector<Marker> asked_;
  TransactionCoordinator coordinator_{[this](const std::string&, const TxnTarget& target,
                                             ProducerIdAndEpoch producer, bool commit) {
    asked_.push_back({target, producer, commit});
  }};
};

TEST_F(TransactionCoordinatorTest, AnswersBeforeTheMarkersAreWritten) {
  const auto producer = Open();
  EXPECT_EQ(coordinator_.End("t", producer, true), kNoError);
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_TRUE(asked_[0].commit);
  EXPECT_EQ(coordinator_.Add("t", producer, {kPartition}, begin_),
            RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
  EXPECT_EQ(coordinator_.Init("t", seconds(5)).error, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
  WriteAll();
  EXPECT_EQ(coordinator_.Add("t", producer, {kPartition}, begin_), kNoError);
}

TEST_F(TransactionCoordinatorTest, InitAbortsWhatIsOpenAndFences) {
  const auto producer = Open();
  EXPECT_EQ(coordinator_.Init("t", seconds(5)).error, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_FALSE(asked_[0].commit);
  EXPECT_GT(asked_[0].producer.epoch, producer.epoch);
  WriteAll();
  const auto next = coordinator_.Init("t", seconds(5));
  EXPECT_EQ(next.error, kNoError);
  EXPECT_EQ(next.producer.id, producer.id);
  EXPECT_EQ(coordinator_.End("t", producer, true), RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
  EXPECT_EQ(coordinator_.Add("t", producer, {kPartition}, begin_),
            RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
}

TEST_F(TransactionCoordinatorTest, InitLetsWhatIsPreparedComplete) {
  const auto producer = Open();
  EXPECT_EQ(coordinator_.End("t", producer, true), kNoError);
  EXPECT_EQ(coordinator_.Init("t", seconds(5)).error, RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_TRUE(asked_[0].commit);
}

/// KAFKA-17754.
TEST_F(TransactionCoordinatorTest, ADelayedEndDecidesTheNextTransaction) {
  const auto producer = Open();
  EXPECT_EQ(coordinator_.End("t", producer, true), kNoError);
  WriteAll();
  EXPECT_EQ(coordinator_.Add("t", producer, {kPartition}, begin_), kNoError);
  EXPECT_EQ(coordinator_.End("t", producer, true), kNoError);
  EXPECT_EQ(asked_.size(), 1U);
}

TEST_F(TransactionCoordinatorTest, AnEndMayBeRepeated) {
  const auto producer = Open();
  EXPECT_EQ(coordinator_.End("t", producer, true), kNoError);
  EXPECT_EQ(coordinator_.End("t", producer, true), RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS);
  WriteAll();
  EXPECT_EQ(coordinator_.End("t", producer, true), kNoError);
  EXPECT_EQ(coordinator_.End("t", producer, false), RD_KAFKA_RESP_ERR_INVALID_TXN_STATE);
}

TEST_F(TransactionCoordinatorTest, ExpiresWhatIsOpenForTooLong) {
  const auto producer = Open();
  const auto mine = [](const std::string&) { return true; };
  coordinator_.Expire(begin_ + seconds(5), mine);
  EXPECT_TRUE(asked_.empty());
  coordinator_.Expire(begin_ + seconds(6), mine);
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_FALSE(asked_[0].commit);
  EXPECT_EQ(coordinator_.End("t", producer, true), RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH);
}

TEST_F(TransactionCoordinatorTest, AsksForOwedMarkersAgain) {
  const auto producer = Open();
  EXPECT_EQ(coordinator_.End("t", producer, true), kNoError);
  asked_.clear();
  coordinator_.Resume([](const std::string&) { return true; });
  EXPECT_EQ(asked_.size(), 1U);
}

// --- groups --------------------------------------------------------------------------------------

class GroupCoordinatorTest : public testing::Test {
 protected:
  struct Timer {
    GroupCoordinator::Time time;
    std::function<void()> call;
  };

  void Pass(GroupCoordinator::Duration duration) {
    const auto until = now_ + duration;
    while (true) {
      const auto next = std::min_element(
          timers_.begin(), timers_.end(),
          [](const Timer& one, const Timer& other) { return one.time < other.time; });
      if (next == timers_.end() || next->time > until) break;
      now_ = next->time;
      const auto call = std::move(next->call);
      timers_.erase(next);
      call();
    }
    now_ = until;
  }

  struct Client {
    MemberIdentity who{.group = "g"};
    std::optional<Joined> joined{};
    std::optional<Synced> synced{};
  };
  void SendJoin(Client& client) {
    client.joined.reset();
    groups_.Join({.who = client.who,
                  .protocol = "range",
                  .session_timeout = seconds(10),
                  .rebalance_timeout = seconds(300)},
                 [&client](const Joined& joined) {
                   client.joined = joined;
                   if (joined.member.empty()) return;
                   client.who.member = joined.member;
                   client.who.generation = joined.generation;
                 });
    if (client.joined && client.joined->error == RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED)
      SendJoin(client);
  }
  void SendSync(Client& client) {
    client.synced.reset();
    SyncRequest request{.who = client.who};
    kafka::Partition next = 0;
    for (const JoinedMember& member : client.joined->members)
      request.assignment[member.id] = {next++};
    groups_.Sync(request, [&client](const Synced& synced) { client.synced = synced; });
  }
  ErrorCode CommitAs(MemberIdentity who, kafka::Offset offset) {
    return groups_.CommitInTransaction(who, kOne, {{{"in", 0}, {offset, {}}}},
                                       [] { return kNoError; });
  }
  Fetched Fetch() { return groups_.OffsetsOf("g").Fetch({{"in", 0}}); }

  GroupCoordinator::Time now_{seconds(100)};
  std::vector<Timer> timers_;
  GroupCoordinator groups_{{.now = [this] { return now_; },
                            .after =
                                [this](auto wait, std::function<void()> call) {
                                  timers_.push_back({now_ + wait, std::move(call)});
                                }}};
};

TEST_F(GroupCoordinatorTest, TwoMembersShareInTheNextGeneration) {
  Client a;
  Client b;
  SendJoin(a);
  ASSERT_TRUE(a.joined);
  SendSync(a);
  ASSERT_TRUE(a.synced);
  EXPECT_EQ(groups_.Heartbeat(a.who), kNoError);
  SendJoin(b);
  EXPECT_FALSE(b.joined && b.joined->error == kNoError);
  EXPECT_EQ(groups_.Heartbeat(a.who), RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS);
  const MemberIdentity old = a.who;
  SendJoin(a);
  ASSERT_TRUE(a.joined && b.joined);
  EXPECT_EQ(a.joined->generation, b.joined->generation);
  EXPECT_EQ(a.joined->members.size() + b.joined->members.size(), 2U);
  SendSync(b);
  SendSync(a);
  ASSERT_TRUE(a.synced && b.synced);
  EXPECT_EQ(a.synced->partitions.size(), 1U);
  EXPECT_EQ(b.synced->partitions.size(), 1U);
  EXPECT_EQ(groups_.Heartbeat(old), RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
}

TEST_F(GroupCoordinatorTest, TheSessionOfASilentMemberEnds) {
  Client a;
  SendJoin(a);
  SendSync(a);
  Pass(seconds(9));
  EXPECT_EQ(groups_.Heartbeat(a.who), kNoError);
  Pass(seconds(9));
  EXPECT_EQ(groups_.Heartbeat(a.who), kNoError);
  Pass(seconds(11));
  EXPECT_EQ(groups_.Heartbeat(a.who), RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
}

TEST_F(GroupCoordinatorTest, AStaticMembersSuccessorTakesItsPlace) {
  Client a{.who = {.group = "g", .instance = "i"}};
  SendJoin(a);
  SendSync(a);
  Client successor{.who = {.group = "g", .instance = "i"}};
  SendJoin(successor);
  ASSERT_TRUE(successor.joined);
  EXPECT_EQ(successor.joined->generation, a.joined->generation);
  SendSync(successor);
  ASSERT_TRUE(successor.synced);
  EXPECT_EQ(successor.synced->partitions, a.synced->partitions);
  EXPECT_EQ(groups_.Heartbeat(a.who), RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID);
}

TEST_F(GroupCoordinatorTest, OffsetsOfATransactionArePendingUntilItsMarker) {
  Client a;
  SendJoin(a);
  SendSync(a);
  EXPECT_EQ(CommitAs(a.who, 5), kNoError);
  EXPECT_EQ(Fetch().error, RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT);
  EXPECT_EQ(groups_.WriteMarker("g", kOne, true), kNoError);
  EXPECT_EQ(Fetch().offsets.at({"in", 0}).offset, 5);
  EXPECT_EQ(CommitAs(a.who, 9), kNoError);
  EXPECT_EQ(groups_.WriteMarker("g", kOne, false), kNoError);
  EXPECT_EQ(Fetch().offsets.at({"in", 0}).offset, 5);
}

/// What an unfenced token would do: see kafka::GroupToken.
TEST_F(GroupCoordinatorTest, TakesOffsetsOfNobodyButNotOfAStaleMember) {
  Client a;
  SendJoin(a);
  SendSync(a);
  MemberIdentity stale = a.who;
  --stale.generation;
  EXPECT_EQ(CommitAs(stale, 5), RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION);
  stale = a.who;
  stale.member = "other";
  EXPECT_EQ(CommitAs(stale, 5), RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
  EXPECT_EQ(CommitAs({.group = "g"}, 6), kNoError);
}

TEST_F(GroupCoordinatorTest, ANewCoordinatorGoesOnWithWhatWasWritten) {
  Client a;
  SendJoin(a);
  SendSync(a);
  const MemberIdentity stable = a.who;
  Client b;
  SendJoin(b);
  const auto mine = [](const std::string&) { return true; };
  groups_.Resign(mine);
  ASSERT_TRUE(b.joined);
  EXPECT_EQ(b.joined->error, RD_KAFKA_RESP_ERR_NOT_COORDINATOR);
  groups_.Reload(mine);
  EXPECT_EQ(groups_.Heartbeat(stable), kNoError);
  EXPECT_EQ(groups_.Heartbeat(b.who), RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID);
}

}  // namespace
}  // namespace semel::simulation
