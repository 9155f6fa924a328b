// Quantiles of any number of distances in a few KB, within 2 %.
#pragma once

#include <array>
#include <cstdint>

namespace semel::scan {

/// Threads: one caller at a time.
class DistanceQuantiles {
 public:
  /// `distance` >= 0, `weight` times.
  void Add(std::int64_t distance, std::uint64_t weight);

  /// At least `share` (0 to 1) of what was added is not above it; at most 2 % too large. 0 when
  /// nothing was added.
  std::int64_t Quantile(double share) const;

  std::int64_t max() const { return max_; }

 private:
  // Distances with the same highest six bits share a cell.
  static constexpr unsigned kBits = 6;
  static constexpr std::size_t kCells = (64 - kBits + 1) << kBits;
  static std::size_t CellOf(std::uint64_t distance);
  static std::uint64_t LargestOf(std::size_t cell);

  std::array<std::uint64_t, kCells> cells_{};
  std::uint64_t total_ = 0;
  std::int64_t max_ = 0;
};

}  // namespace semel::scan
