// What became of records: every one that was read ends in exactly one of the counters.
#pragma once

#include <cstdint>

namespace semel::pipeline {

struct Tally {
  std::uint64_t read = 0;
  std::uint64_t unique = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t missing = 0;
  std::uint64_t invalid = 0;
  std::uint64_t late = 0;
  std::uint64_t rejected = 0;

  bool Complete() const {
    return read == unique + duplicates + missing + invalid + late + rejected;
  }
};

}  // namespace semel::pipeline
