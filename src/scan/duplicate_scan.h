// What `semel scan` counts. Pure: identities go in, a report comes out.
//
// `semel dedup` looks for copies within a partition, so a record is a copy where its partition had
// the event before, and a stray where it is the first one in its partition but not in the topic.
// That way nothing depends on the order in which partitions are read.
#pragma once

#include <map>

#include "scan/distance_quantiles.h"
#include "scan/first_sights.h"
#include "scan/live_entries.h"

namespace semel::scan {

/// A record, as far as it matters. Of a partition they come by offset.
struct Arrival {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t time_ms = 0;  ///< effective time, > 0
  Identity identity{};
};

/// Copies whose distance in time to the first sight is not above `up_to_ms` and above the one
/// before.
struct DistanceBar {
  std::int64_t up_to_ms = 0;
  std::uint64_t copies = 0;
};
inline constexpr std::array<std::int64_t, 10> kBars = {
    100,       1'000,      10'000,      60'000,        600'000,
    3'600'000, 86'400'000, 604'800'000, 2'592'000'000, INT64_MAX};

struct Quantiles {
  std::int64_t p50 = 0;
  std::int64_t p90 = 0;
  std::int64_t p99 = 0;
  std::int64_t max = 0;
};

struct WindowReport {
  std::chrono::milliseconds window{};
  std::uint64_t caught = 0;   ///< `semel dedup` with that window would take them for duplicates
  std::uint64_t late = 0;     ///< it could not judge them: older than stream time - window
  std::uint64_t entries = 0;  ///< remembered at once at most; the sum of the partitions' peaks
};

/// With a sample, all but `records`, `missing` and `invalid` are estimates.
struct ScanReport {
  std::uint64_t records = 0;
  std::uint64_t missing = 0;
  std::uint64_t invalid = 0;
  std::uint64_t unique = 0;   ///< events
  std::uint64_t copies = 0;   ///< in the partition of an earlier one
  std::uint64_t strays = 0;   ///< first of their partition, and another partition has the event too
  unsigned sample_level = 0;  ///< 1 event in 2^level was looked at
  std::int64_t first_ms = 0;  ///< effective times; 0 without records
  std::int64_t last_ms = 0;
  Quantiles time_distance{};    ///< of copies, milliseconds
  Quantiles offset_distance{};  ///< of copies
  std::array<DistanceBar, kBars.size()> bars{};
  std::array<WindowReport, kWindows.size()> windows{};

  std::uint64_t duplicates() const { return copies + strays; }
  std::uint64_t judged() const { return records - missing - invalid; }
};

/// Memory: `memory_limit` for the first sights and about 30 KB a partition. Threads: one.
class DuplicateScan {
 public:
  DuplicateScan(std::uint64_t memory_limit, std::uint64_t seed) : sights_(memory_limit, seed) {}

  void Take(const Arrival& arrival);
  ScanReport Report() const;

 private:
  struct WindowOfPartition {
    explicit WindowOfPartition(std::size_t window) : live(kWindows[window].count()) {}
    LiveEntries live;
    std::uint64_t peak = 0;  ///< scaled
  };
  struct PartitionScan {
    std::int64_t stream_time_ms = 0;
    std::array<WindowOfPartition, kWindows.size()> windows{
        WindowOfPartition{0}, WindowOfPartition{1}, WindowOfPartition{2}, WindowOfPartition{3}};
  };

  /// How many a sampled event stands for.
  std::uint64_t Weight() const { return std::uint64_t{1} << sights_.level(); }
  void CountCopy(const Arrival& arrival, const FirstSight& first);
  void JudgeWindows(const Arrival& arrival, PartitionScan& partition, FirstSight& sight);
  void CountLiveAnew();

  FirstSights sights_;
  std::map<std::int32_t, PartitionScan> partitions_;
  ScanReport report_;  ///< what is counted directly
  DistanceQuantiles times_;
  DistanceQuantiles offsets_;
};

}  // namespace semel::scan
