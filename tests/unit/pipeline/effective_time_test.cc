#include "pipeline/effective_time.h"

#include <gtest/gtest.h>

namespace semel::pipeline {
namespace {

constexpr std::int64_t kNow = 1'764'590'400'000;

TEST(EffectiveTimeTest, IsTheTimeOfTheRecord) {
  EXPECT_EQ(EffectiveTime(1, kNow), 1);
  EXPECT_EQ(EffectiveTime(kNow - 5, kNow), kNow - 5);
  EXPECT_EQ(EffectiveTime(kNow + 5, kNow), kNow + 5);
}

TEST(EffectiveTimeTest, IsTheClockWhereThereIsNone) {
  EXPECT_EQ(EffectiveTime(-1, kNow), kNow);
  EXPECT_EQ(EffectiveTime(0, kNow), kNow);
}

TEST(EffectiveTimeTest, ARecordFromTheFutureCountsAsNow) {
  EXPECT_EQ(EffectiveTime(kNow + kClockSkewMaxMs, kNow), kNow + kClockSkewMaxMs);
  EXPECT_EQ(EffectiveTime(kNow + kClockSkewMaxMs + 1, kNow), kNow);
}

}  // namespace
}  // namespace semel::pipeline
