#include "metrics/snapshot.h"

#include <gtest/gtest.h>

#include <thread>

#include "metrics/board.h"

namespace semel::metrics {
namespace {

TEST(Lag, IsWhatIsNotCommittedYet) {
  EXPECT_EQ((PartitionSnapshot{.position = 90, .end = 100}).Lag(), 10);
  EXPECT_EQ((PartitionSnapshot{.position = 100, .end = 90}).Lag(), 0);
  EXPECT_EQ((PartitionSnapshot{.position = -1, .end = 100}).Lag(), 0);
  EXPECT_EQ((PartitionSnapshot{.position = 5, .end = -1}).Lag(), 0);
}

TEST(CommitDurations, BoundsBelongToTheBucketBelow) {
  CommitDurations durations;
  durations.Add(0.005);
  durations.Add(0.0051);
  durations.Add(15.0);
  durations.Add(60.0);
  EXPECT_EQ(durations.counts[0], 1U);
  EXPECT_EQ(durations.counts[1], 1U);
  EXPECT_EQ(durations.counts[10], 1U);
  EXPECT_EQ(durations.counts[11], 1U);
  EXPECT_DOUBLE_EQ(durations.sum_seconds, 75.0101);
}

TEST(Ready, OnceEveryLaneJoinedAndRestored) {
  Snapshot snapshot{.lanes = {{.lane = 0}, {.lane = 1, .joined = true}}};
  EXPECT_FALSE(Ready(snapshot));
  snapshot.lanes[0].joined = true;
  EXPECT_TRUE(Ready(snapshot)) << "a lane without partitions is a ready stand-by";
  snapshot.lanes[1].partitions = {{.partition = 2, .phase = Phase::kRestoring}};
  EXPECT_FALSE(Ready(snapshot));
  snapshot.lanes[1].partitions[0].phase = Phase::kServing;
  EXPECT_TRUE(Ready(snapshot));
}

TEST(ByPartition, AddsUpWhatMovedBetweenLanesAndKeepsTheOwnersState) {
  const PartitionSnapshot parked{.partition = 3,
                                 .lane = 0,
                                 .phase = Phase::kParked,
                                 .read = 10,
                                 .unique = 10,
                                 .position = 10,
                                 .entries = 7};
  const PartitionSnapshot owned{.partition = 3,
                                .lane = 1,
                                .phase = Phase::kServing,
                                .read = 5,
                                .duplicates = 5,
                                .position = 15,
                                .entries = 7};
  const PartitionSnapshot other{.partition = 1, .lane = 1, .phase = Phase::kServing, .read = 1};
  for (const auto& lanes : {std::vector<LaneSnapshot>{{.partitions = {parked}},
                                                      {.lane = 1, .partitions = {owned, other}}},
                            std::vector<LaneSnapshot>{{.lane = 1, .partitions = {owned, other}},
                                                      {.partitions = {parked}}}}) {
    const auto rows = ByPartition({.lanes = lanes});
    ASSERT_EQ(rows.size(), 2U);
    EXPECT_EQ(rows[0].partition, 1);
    EXPECT_EQ(rows[1].phase, Phase::kServing);
    EXPECT_EQ(rows[1].lane, 1);
    EXPECT_EQ(rows[1].position, 15);
    EXPECT_EQ(rows[1].read, 15U);
    EXPECT_EQ(rows[1].unique, 10U);
    EXPECT_EQ(rows[1].duplicates, 5U);
    EXPECT_EQ(rows[1].entries, 14U);
  }
}

TEST(Board, NoReaderSeesHalfACommit) {
  Board board({.topic = "orders"});
  const auto lane = [&board](std::int32_t number) {
    LaneSnapshot mine{.lane = number, .partitions = {{.partition = number}}};
    for (int commit = 0; commit < 1000; ++commit) {
      mine.partitions[0].read += 3;
      mine.partitions[0].unique += 2;
      mine.partitions[0].duplicates += 1;
      board.Publish(mine);
    }
  };
  std::thread first(lane, 0);
  std::thread second(lane, 1);
  for (int scrape = 0; scrape < 200; ++scrape) {
    for (const auto& part : ByPartition(board.Read()))
      ASSERT_EQ(part.read, part.unique + part.duplicates);
  }
  first.join();
  second.join();
  const Snapshot last = board.Read();
  EXPECT_EQ(last.topic, "orders");
  ASSERT_EQ(last.lanes.size(), 2U);
  for (const auto& part : ByPartition(last)) EXPECT_EQ(part.read, 3000U);
}

}  // namespace
}  // namespace semel::metrics
