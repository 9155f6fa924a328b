// Seeded random numbers that are the same on every machine and with every standard library.
#pragma once

#include <cstdint>

namespace semel::prove {

/// splitmix64: spreads every bit of `x` over all others. Different x give different results.
constexpr std::uint64_t Mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

/// Threads: one caller at a time.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() { return Mix(state_++); }

  /// 0 .. n - 1, for n > 0. The bias for any n that occurs here is far below what a test could see.
  std::uint64_t Below(std::uint64_t n) { return Next() % n; }

  /// 0 <= result < 1.
  double Share() { return static_cast<double>(Next() >> 11U) * 0x1.0p-53; }

 private:
  std::uint64_t state_;
};

}  // namespace semel::prove
