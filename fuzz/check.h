// What the fuzzers have in common: how a broken property ends them, and bits to flip.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <iostream>
#include <string>

namespace semel::fuzz {

inline void Check(bool holds, const char* what) {
  if (holds) return;
  std::cerr << what << '\n';
  std::abort();
}

/// Calls `look` once for each of at most 256 bits, with that one flipped. Of a long text other ones
/// come up for each `seed`.
template <typename Look>
void FlipBits(std::string& bytes, std::size_t seed, const Look& look) {
  constexpr std::size_t kFlipsMax = 256;
  const std::size_t bits = bytes.size() * 8;
  const std::size_t step = std::max<std::size_t>(1, bits / kFlipsMax);
  for (std::size_t bit = seed % step; bit < bits; bit += step) {
    const auto mask = static_cast<unsigned char>(1U << bit % 8);
    char& byte = bytes[bit / 8];
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ mask);
    look();
    byte = static_cast<char>(static_cast<unsigned char>(byte) ^ mask);
  }
}

}  // namespace semel::fuzz
