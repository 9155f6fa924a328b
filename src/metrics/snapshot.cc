#include "metrics/snapshot.h"

#include <map>
#include <utility>

namespace semel::metrics {
void AddCounters(PartitionSnapshot& sum, const PartitionSnapshot& part) {
  sum.read += part.read;
  sum.unique += part.unique;
  sum.duplicates += part.duplicates;
  sum.missing += part.missing;
  sum.invalid += part.invalid;
  sum.late += part.late;
  sum.rejected += part.rejected;
  sum.entries += part.entries;
  sum.bytes += part.bytes;
}

bool Ready(const Snapshot& snapshot) {
  return std::ranges::all_of(snapshot.lanes, [](const LaneSnapshot& lane) {
    return lane.joined && std::ranges::none_of(lane.partitions, [](const PartitionSnapshot& part) {
             return part.phase == Phase::kRestoring;
           });
  });
}

std::vector<PartitionSnapshot> ByPartition(const Snapshot& snapshot) {
  std::map<std::int32_t, PartitionSnapshot> merged;
  for (const LaneSnapshot& lane : snapshot.lanes) {
    for (const PartitionSnapshot& part : lane.partitions) {
      const auto [place, first] = merged.try_emplace(part.partition, part);
      if (first) continue;
      PartitionSnapshot& owner = place->second;
      PartitionSnapshot other = part;
      if (owner.phase == Phase::kParked) std::swap(owner, other);
      AddCounters(owner, other);
    }
  }
  std::vector<PartitionSnapshot> partitions;
  partitions.reserve(merged.size());
  for (const auto& [number, part] : merged) partitions.push_back(part);
  return partitions;
}

}  // namespace semel::metrics
