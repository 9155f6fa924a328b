#include "scan/distance_quantiles.h"

#include <algorithm>
#include <bit>

namespace semel::scan {

// Cells 0 to 2^kBits - 1 hold one distance each; then 2^kBits cells for every doubling.
std::size_t DistanceQuantiles::CellOf(std::uint64_t distance) {
  if (distance < (std::uint64_t{1} << kBits)) return distance;
  const auto shift = static_cast<unsigned>(std::bit_width(distance)) - kBits - 1;
  return (static_cast<std::size_t>(shift) << kBits) + (distance >> shift);
}

std::uint64_t DistanceQuantiles::LargestOf(std::size_t cell) {
  if (cell < (std::size_t{1} << kBits)) return cell;
  const std::size_t shift = (cell >> kBits) - 1;
  const std::uint64_t bits = cell - (shift << kBits);
  return ((bits + 1) << shift) - 1;
}

void DistanceQuantiles::Add(std::int64_t distance, std::uint64_t weight) {
  cells_[CellOf(static_cast<std::uint64_t>(distance))] += weight;
  total_ += weight;
  max_ = std::max(max_, distance);
}

std::int64_t DistanceQuantiles::Quantile(double share) const {
  std::uint64_t seen = 0;
  for (std::size_t cell = 0; cell < kCells; ++cell) {
    seen += cells_[cell];
    if (seen > 0 && static_cast<double>(seen) >= share * static_cast<double>(total_))
      return std::min(max_, static_cast<std::int64_t>(LargestOf(cell)));
  }
  return max_;
}

}  // namespace semel::scan
