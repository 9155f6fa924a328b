// SipHash-1-3 over the words of a fingerprint: where an entry lies in the table depends on a
// secret, so that nobody who chooses fingerprints can choose the place.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace semel {

class KeyedHash {
 public:
  explicit KeyedHash(std::uint64_t seed) : key0_(Mix(seed + kStep)), key1_(Mix(seed + 2 * kStep)) {}

  /// Hashes `kBytes` bytes, a multiple of 8.
  template <std::size_t kBytes>
  std::uint64_t operator()(const std::uint8_t* bytes) const {
    static_assert(kBytes % 8 == 0);
    State state{key0_ ^ 0x736f6d6570736575U, key1_ ^ 0x646f72616e646f6dU,
                key0_ ^ 0x6c7967656e657261U, key1_ ^ 0x7465646279746573U};
    for (std::size_t i = 0; i < kBytes; i += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes + i, 8);
      Absorb(state, word);
    }
    Absorb(state, std::uint64_t{kBytes} << 56U);
    state[2] ^= 0xFFU;
    for (int round = 0; round < 3; ++round) Round(state);
    return state[0] ^ state[1] ^ state[2] ^ state[3];
  }

 private:
  using State = std::array<std::uint64_t, 4>;

  static constexpr std::uint64_t kStep = 0x9E3779B97F4A7C15U;

  // SplitMix64: spreads a seed over the key.
  static std::uint64_t Mix(std::uint64_t value) {
    value = (value ^ (value >> 30U)) * 0xBF58476D1CE4E5B9U;
    value = (value ^ (value >> 27U)) * 0x94D049BB133111EBU;
    return value ^ (value >> 31U);
  }

  static void Absorb(State& state, std::uint64_t word) {
    state[3] ^= word;
    Round(state);
    state[0] ^= word;
  }

  static void Round(State& v) {
    v[0] += v[1];
    v[1] = std::rotl(v[1], 13) ^ v[0];
    v[0] = std::rotl(v[0], 32);
    v[2] += v[3];
    v[3] = std::rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = std::rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = std::rotl(v[1], 17) ^ v[2];
    v[2] = std::rotl(v[2], 32);
  }

  std::uint64_t key0_;
  std::uint64_t key1_;
};

}  // namespace semel
