// A secret of this process: a producer must not be able to choose the bucket of its events.
#pragma once

#include <cstdint>
#include <random>

namespace semel {

inline std::uint64_t RandomSeed() {
  std::random_device device;
  return std::uint64_t{device()} << 32 | device();
}

}  // namespace semel
