// How a sink is doing, in words and as JSON.
#pragma once

#include <chrono>
#include <deque>
#include <string>

#include "metrics/sink_snapshot.h"

namespace semel {

/// One object: read, rows, duplicates, invalid, transactions, aborts, seconds.
std::string SummaryJson(const metrics::SinkSnapshot& totals, double seconds);
std::string SummaryText(const metrics::SinkSnapshot& totals, double seconds);

/// The progress line; knows the rate of the last seconds.
class SinkProgressText {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  std::string Describe(const metrics::SinkSnapshot& totals, TimePoint now);

 private:
  struct Sample {
    TimePoint at;
    std::uint64_t read;
  };
  std::deque<Sample> samples_;
};

}  // namespace semel
