#include "uniq/fingerprint_set.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>

namespace semel {
namespace {

ShortFingerprint Print(std::uint64_t number) {
  ShortFingerprint print{};
  std::mt19937_64 random(number);
  for (std::size_t at = 0; at < print.size(); at += 8) {
    const std::uint64_t word = random();
    std::memcpy(print.data() + at, &word, 8);
  }
  return print;
}

TEST(FingerprintSetTest, AgreesWithASetOfTheStandardLibrary) {
  FingerprintSet set(1);
  std::set<ShortFingerprint> expected;
  std::mt19937 random(2);
  std::vector<ShortFingerprint> prints;
  std::vector<std::uint8_t> is_new;
  for (int round = 0; round < 400; ++round) {
    prints.resize(random() % 1000);
    // The numbers repeat within a call and, ever more often, between calls.
    for (ShortFingerprint& print : prints) print = Print(random() % 50'000);
    is_new.assign(prints.size(), 2);
    set.Add(prints, is_new);
    for (std::size_t i = 0; i < prints.size(); ++i)
      ASSERT_EQ(is_new[i], expected.insert(prints[i]).second ? 1 : 0) << round << ' ' << i;
  }
  EXPECT_EQ(set.size(), expected.size());
}

TEST(FingerprintSetTest, TellsPrintsApartThatDifferInOneBit) {
  FingerprintSet set(1);
  std::vector<ShortFingerprint> prints(1 + 128, Print(7));
  for (std::size_t bit = 0; bit < 128; ++bit)
    prints[1 + bit][bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  std::vector<std::uint8_t> is_new(prints.size());
  set.Add(prints, is_new);
  EXPECT_EQ(is_new, std::vector<std::uint8_t>(prints.size(), 1));
  set.Add(prints, is_new);
  EXPECT_EQ(is_new, std::vector<std::uint8_t>(prints.size(), 0));
}

TEST(FingerprintSetTest, KeepsItsMemoryBound) {
  FingerprintSet set(3);
  std::vector<ShortFingerprint> prints(10'000);
  std::vector<std::uint8_t> is_new(prints.size());
  std::uint64_t next = 0;
  while (set.size() < 2'500'000) {
    for (ShortFingerprint& print : prints) {
      const std::uint64_t number = ++next;
      std::memcpy(print.data(), &number, sizeof number);
    }
    set.Add(prints, is_new);
    if (set.size() < 1'000'000) continue;
    ASSERT_LE(set.ResidentBytes(), 30 * set.size()) << set.size();
  }
}

}  // namespace
}  // namespace semel
