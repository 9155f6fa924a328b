#include "scan/distance_quantiles.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace semel::scan {
namespace {

TEST(DistanceQuantiles, NothingIsZero) {
  const DistanceQuantiles none;
  EXPECT_EQ(none.Quantile(0.5), 0);
  EXPECT_EQ(none.max(), 0);
}

TEST(DistanceQuantiles, SmallOnesAreExact) {
  DistanceQuantiles quantiles;
  for (std::int64_t i = 0; i < 100; ++i) quantiles.Add(i, 1);
  EXPECT_EQ(quantiles.Quantile(0.01), 0);
  EXPECT_EQ(quantiles.Quantile(0.5), 49);
  EXPECT_EQ(quantiles.max(), 99);
}

TEST(DistanceQuantiles, WeightsCount) {
  DistanceQuantiles quantiles;
  quantiles.Add(1, 90);
  quantiles.Add(50, 10);
  EXPECT_EQ(quantiles.Quantile(0.9), 1);
  EXPECT_EQ(quantiles.Quantile(0.91), 50);
}

TEST(DistanceQuantiles, LargeOnesAreWithinTwoPercentAndNeverTooSmall) {
  std::mt19937_64 random(7);
  std::vector<std::int64_t> all;
  DistanceQuantiles quantiles;
  for (int i = 0; i < 20'000; ++i) {
    all.push_back(static_cast<std::int64_t>(random() >> (1 + random() % 62)));
    quantiles.Add(all.back(), 1);
  }
  std::sort(all.begin(), all.end());
  for (const double share : {0.01, 0.25, 0.5, 0.9, 0.99, 0.999}) {
    const auto rank = static_cast<std::size_t>(share * static_cast<double>(all.size()) + 0.5) - 1;
    const auto found = static_cast<double>(quantiles.Quantile(share));
    const auto exact = static_cast<double>(all[rank]);
    EXPECT_GE(found, exact) << share;
    EXPECT_LE(found, exact * 1.02 + 1) << share;
  }
  EXPECT_EQ(quantiles.max(), all.back());
}

}  // namespace
}  // namespace semel::scan
