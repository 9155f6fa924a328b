#include "scan/first_sights.h"

#include <gtest/gtest.h>

#include <random>

namespace semel::scan {
namespace {

constexpr std::uint64_t kMegabyte = 1U << 20U;

Fingerprint Random(std::mt19937_64& random) {
  Fingerprint fingerprint;
  for (int i = 0; i < 16; ++i)
    fingerprint.bytes.at(static_cast<std::size_t>(i)) = static_cast<std::uint8_t>(random());
  return fingerprint;
}

FirstSight Sight(const Fingerprint& fingerprint, std::int32_t partition, std::int64_t offset) {
  FirstSight sight{.partition = partition, .offset = offset, .time_ms = 1};
  std::copy_n(fingerprint.bytes.begin(), 16, sight.fingerprint.begin());
  return sight;
}

TEST(FirstSights, KeepsPartitionsApartAndTellsOfOthers) {
  std::mt19937_64 random(1);
  FirstSights sights(kMegabyte, 5);
  const Fingerprint one = Random(random);
  EXPECT_EQ(sights.Find(one, 0).here, nullptr);
  EXPECT_FALSE(sights.Insert(Sight(one, 0, 11)));
  ASSERT_NE(sights.Find(one, 0).here, nullptr);
  EXPECT_EQ(sights.Find(one, 0).here->offset, 11);
  EXPECT_FALSE(sights.Find(one, 0).elsewhere);
  EXPECT_EQ(sights.Find(one, 1).here, nullptr);
  EXPECT_TRUE(sights.Find(one, 1).elsewhere);
  sights.Insert(Sight(one, 1, 12));
  EXPECT_EQ(sights.Find(one, 1).here->offset, 12);
  EXPECT_EQ(sights.Find(Random(random), 0).here, nullptr);
}

TEST(FirstSights, GrowsAndFindsAllOfIt) {
  std::mt19937_64 random(2);
  FirstSights sights(64 * kMegabyte, 5);
  std::vector<Fingerprint> all;
  for (int i = 0; i < 50'000; ++i) {
    all.push_back(Random(random));
    ASSERT_FALSE(sights.Insert(Sight(all.back(), 0, i)));
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto found = sights.Find(all[i], 0);
    ASSERT_NE(found.here, nullptr);
    ASSERT_EQ(found.here->offset, static_cast<std::int64_t>(i));
  }
}

TEST(FirstSights, AFullOneKeepsASampleThatIsWhole) {
  std::mt19937_64 random(3);
  FirstSights sights(kMegabyte, 5);
  std::vector<Fingerprint> all;
  for (int i = 0; i < 200'000; ++i) {
    all.push_back(Random(random));
    if (sights.Sampled(all.back())) sights.Insert(Sight(all.back(), 0, i));
  }
  EXPECT_GE(sights.level(), 4U);
  EXPECT_LE(sights.size() * sizeof(FirstSight), kMegabyte);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto found = sights.Find(all[i], 0);
    ASSERT_EQ(found.here != nullptr, sights.Sampled(all[i]));
    kept += found.here != nullptr ? 1 : 0;
  }
  EXPECT_EQ(kept, sights.size());
  const double estimate = static_cast<double>(kept << sights.level());
  EXPECT_NEAR(estimate, 200'000, 200'000 * 0.05);
}

}  // namespace
}  // namespace semel::scan
