// What people and scripts are told of a job: the line while it runs, the summary at its end.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "metrics/snapshot.h"

namespace semel {

/// What all partitions of a job add up to.
struct JobTotals {
  metrics::PartitionSnapshot counts;  ///< sums; what is not a count has no meaning
  std::int64_t lag = 0;
  std::uint64_t transactions = 0;
  std::uint64_t aborts = 0;
  int restoring = 0;          ///< partitions
  double restored_share = 1;  ///< of the partitions that are being restored, 0 to 1
};

JobTotals Totals(const metrics::Snapshot& snapshot);

std::string SummaryJson(const JobTotals& totals, double seconds);
std::string SummaryText(const JobTotals& totals, double seconds);

/// The progress line. Threads: one at a time.
class ProgressText {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  /// The rate is that of the last few seconds of calls.
  std::string Describe(const JobTotals& totals, TimePoint now);

 private:
  struct Sample {
    TimePoint at;
    std::uint64_t read = 0;
  };
  std::deque<Sample> samples_;
};

}  // namespace semel
