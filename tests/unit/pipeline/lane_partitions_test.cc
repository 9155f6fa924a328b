#include "pipeline/lane_partitions.h"

#include <gtest/gtest.h>

#include "lane_process.h"

namespace semel::pipeline {
namespace {

TEST(LanePartitionsTest, AwayAndBackIsAnotherOwnership) {
  const LaneSettings settings = semel::testing::OrdersSettings();
  MemoryBudget budget(std::size_t{1} << 30U);
  RestoreQueue restores;
  const semel::testing::ManualClock clock;
  LanePartitions partitions(settings, budget, restores, {}, clock);
  partitions.Give(0);
  const std::uint64_t first = partitions.owned().at(0);
  EXPECT_TRUE(partitions.Owns(0, first));
  partitions.TakeAway(0);
  EXPECT_FALSE(partitions.Owns(0, first));
  partitions.Give(0);
  EXPECT_FALSE(partitions.Owns(0, first));
  EXPECT_TRUE(partitions.Owns(0, partitions.owned().at(0)));
}

}  // namespace
}  // namespace semel::pipeline
