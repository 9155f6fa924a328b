#include "ingest/partition_queue.h"

#include <gtest/gtest.h>

namespace semel::ingest {
namespace {

using Left = PartitionQueue::Left;

class PartitionQueueTest : public testing::Test {
 protected:
  void Hold(int count) {
    for (int i = 0; i < count; ++i) queue.Hold({event, "0123456789abcdef", now});
  }
  /// All but the one for whoever began it.
  void AnswerAll(std::size_t count, bool acknowledged = true) {
    for (std::size_t i = 0; i < count; ++i) EXPECT_EQ(queue.Answered(acknowledged), Left::kSome);
  }

  HeldEvent::Time now{std::chrono::hours(1)};
  Event event{.text = "twenty bytes of text"};
  PartitionQueue queue;
};

TEST_F(PartitionQueueTest, OneBatchIsUnderWayAtATime) {
  EXPECT_TRUE(queue.Begin(1000).empty());
  Hold(2);
  EXPECT_EQ(queue.Begin(1000).size(), 2U);
  Hold(3);
  EXPECT_TRUE(queue.Begin(1000).empty());
  AnswerAll(2);
  EXPECT_TRUE(queue.Begin(1000).empty());  // it is still being sent
  EXPECT_EQ(queue.Answered(true), Left::kNone);
  const auto& next = queue.Begin(1000);
  ASSERT_EQ(next.size(), 3U);
  EXPECT_EQ(&next[0].event(), &event);
  EXPECT_EQ(next[0].key(), "0123456789abcdef");
}

TEST_F(PartitionQueueTest, ABatchHasABoundAndNothingIsLeftBehind) {
  Hold(5);
  EXPECT_EQ(queue.Begin(250).size(), 2U);  // 100 bytes each
  AnswerAll(2);
  EXPECT_EQ(queue.Answered(true), Left::kNone);
  EXPECT_EQ(queue.Begin(1).size(), 1U);  // one event goes, however large
  AnswerAll(1);
  EXPECT_EQ(queue.Answered(true), Left::kNone);
  EXPECT_EQ(queue.Begin(1000).size(), 2U);
}

TEST_F(PartitionQueueTest, AFailureIsToldWithTheLastAnswerAndOnce) {
  Hold(2);
  EXPECT_EQ(queue.Begin(1000).size(), 2U);
  Hold(4);
  AnswerAll(1, false);
  AnswerAll(1, true);
  EXPECT_EQ(queue.Answered(true), Left::kFailed);
  EXPECT_EQ(queue.TakeOlder(HeldEvent::Time::max()).size(), 4U);
  Hold(1);
  EXPECT_EQ(queue.Begin(1000).size(), 1U);
  AnswerAll(1);
  EXPECT_EQ(queue.Answered(true), Left::kNone);
}

TEST_F(PartitionQueueTest, ARefusedBatchGoesAgainEventByEvent) {
  std::array<Event, 3> events{};
  for (Event& each : events) queue.Hold({each, "key", now});
  ASSERT_EQ(queue.Begin(1000).size(), 3U);
  EXPECT_FALSE(queue.alone());
  Hold(1);
  EXPECT_EQ(queue.Refused(events[0]), Left::kSome);
  EXPECT_EQ(queue.Answered(true), Left::kSome);  // one of them was in another request
  EXPECT_EQ(queue.Refused(events[2]), Left::kSome);
  EXPECT_EQ(queue.Answered(true), Left::kNone);
  for (const std::size_t next : {0U, 2U}) {
    const auto& batch = queue.Begin(1000);
    ASSERT_EQ(batch.size(), 1U);
    EXPECT_TRUE(queue.alone());
    EXPECT_EQ(&batch[0].event(), &events[next]);
    AnswerAll(1);
    EXPECT_EQ(queue.Answered(true), Left::kNone);
  }
  EXPECT_EQ(&queue.Begin(1000).at(0).event(), &event);
}

TEST_F(PartitionQueueTest, WhatWaitedTooLongIsTakenOut) {
  Hold(2);
  now += std::chrono::seconds(5);
  Hold(3);
  EXPECT_TRUE(queue.TakeOlder(now - std::chrono::seconds(5)).empty());
  EXPECT_EQ(queue.TakeOlder(now).size(), 2U);
  EXPECT_EQ(queue.Begin(1000).size(), 3U);
}

}  // namespace
}  // namespace semel::ingest
