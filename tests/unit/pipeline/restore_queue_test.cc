#include "pipeline/restore_queue.h"

#include <gtest/gtest.h>

namespace semel::pipeline {
namespace {

std::unique_ptr<PartitionState> State(kafka::Partition partition, MemoryBudget& budget) {
  return std::make_unique<PartitionState>(partition, OpenMemorySeenSet({}), budget);
}

TEST(RestoreQueueTest, ACancelIsToldOnce) {
  MemoryBudget budget(1 << 30);
  RestoreQueue queue;
  queue.Submit({1, State(3, budget)});
  queue.Cancel(3);
  EXPECT_TRUE(queue.TakeCancelled(3));
  EXPECT_FALSE(queue.TakeCancelled(3));
}

// Otherwise the next restore of the partition ended before it began, and an empty memory served.
TEST(RestoreQueueTest, ACancelThatComesAfterTheResultIsNotKeptForTheNextRestore) {
  MemoryBudget budget(1 << 30);
  RestoreQueue queue;
  queue.Submit({1, State(3, budget)});
  auto requests = queue.Take();
  queue.Finish({1, std::move(requests.front().state), std::nullopt});
  queue.Cancel(3);
  EXPECT_EQ(queue.Collect().size(), 1U);
  queue.Submit({2, State(3, budget)});
  EXPECT_FALSE(queue.TakeCancelled(3));
}

}  // namespace
}  // namespace semel::pipeline
