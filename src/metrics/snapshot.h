// What a worker counts, as plain numbers at one moment. Lanes fill these structs; /metrics,
// /readyz, the page, the progress line and the summary read them.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace semel::metrics {

enum class Phase : std::uint8_t {
  kRestoring,  ///< owned, its memory is being read back; nothing is served yet
  kServing,    ///< owned, restored and fetched
  kParked,     ///< given away; its confirmed state is kept for the case that it returns
};

/// One input partition. Counters start at 0 with the process and count committed records only, so
/// that read = unique + duplicates + missing + invalid + late + rejected holds in every snapshot.
struct PartitionSnapshot {
  std::int32_t partition = 0;
  std::int32_t lane = 0;
  Phase phase = Phase::kRestoring;

  std::uint64_t read = 0;
  std::uint64_t unique = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t missing = 0;
  std::uint64_t invalid = 0;
  std::uint64_t late = 0;
  std::uint64_t rejected = 0;

  std::int64_t position = -1;  ///< next input offset after the last commit; -1: not known yet
  std::int64_t end = -1;       ///< last known end of the input; -1: not known yet
  bool blocked = false;        ///< the next input lies behind an open transaction of somebody else

  bool seen_set_failing = false;  ///< what keeps the fingerprints elsewhere does not answer
  std::uint64_t entries = 0;      ///< fingerprints remembered
  std::uint64_t bytes = 0;        ///< memory they take
  std::int64_t oldest_ms = -1;    ///< effective time of the oldest one; -1: none

  std::uint64_t restored_entries = 0;
  std::int64_t restore_position = -1;  ///< next changelog offset to read back
  std::int64_t restore_end = -1;       ///< where the restore ends

  /// Input records (control records included) not yet committed; 0 while either side is unknown.
  std::int64_t Lag() const {
    return position < 0 || end < 0 ? 0 : std::max<std::int64_t>(0, end - position);
  }

  /// Every record that was read ended in exactly one of the counters.
  bool AddsUp() const { return read == unique + duplicates + missing + invalid + late + rejected; }
};

/// How long commits took, from the first flush to the broker's answer.
struct CommitDurations {
  /// Upper bounds in seconds; one more bucket takes what is above the last.
  static constexpr std::array<double, 11> kBounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25,
                                                  0.5,   1.0,  2.5,   5.0,  15.0};
  std::array<std::uint64_t, kBounds.size() + 1> counts{};  ///< not cumulative
  double sum_seconds = 0;

  void Add(double seconds) {
    const auto bound = std::lower_bound(kBounds.begin(), kBounds.end(), seconds);
    ++counts[static_cast<std::size_t>(bound - kBounds.begin())];
    sum_seconds += seconds;
  }

  std::uint64_t Count() const {
    std::uint64_t all = 0;
    for (const std::uint64_t count : counts) all += count;
    return all;
  }
};

struct LaneSnapshot {
  std::int32_t lane = 0;
  bool joined = false;  ///< the group gave this lane its first assignment, be it an empty one

  std::uint64_t transactions_committed = 0;
  std::uint64_t transactions_aborted = 0;
  std::uint64_t transactions_unknown = 0;  ///< outcome not answered; resolved by reading back
  std::uint64_t producer_replacements = 0;
  std::uint64_t fenced = 0;  ///< how often another process took this lane's transactional id
  std::uint64_t spread_copies_sampled = 0;  ///< copies in other partitions, among the samples
  std::uint64_t snapshots_written = 0;
  std::uint64_t snapshots_failed = 0;
  CommitDurations commit_durations{};

  std::vector<PartitionSnapshot> partitions{};
};

/// One `semel dedup` job in this process.
struct Snapshot {
  std::string group{};
  std::string topic{};             ///< the input
  std::string output{};            ///< topic
  std::vector<std::string> key{};  ///< the parts of the key rule
  int fingerprint_bits = 128;
  std::int64_t window_ms = 0;
  std::uint64_t memory_limit_bytes = 0;
  bool dry_run = false;
  std::vector<LaneSnapshot> lanes{};
};

/// Adds the counters, entries and bytes of `part` to `sum`.
void AddCounters(PartitionSnapshot& sum, const PartitionSnapshot& part);

/// Every lane has joined the group and none of its partitions is still being restored.
bool Ready(const Snapshot& snapshot);

/// One row a partition, in order. A partition that moved between lanes of this process stands in
/// both: counts and memory are added up, everything else is its present owner's.
std::vector<PartitionSnapshot> ByPartition(const Snapshot& snapshot);

}  // namespace semel::metrics
