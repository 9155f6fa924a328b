// What a server's counters look like to Prometheus and to people.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ingest/counters.h"
#include "ingest/endpoint.h"
#include "metrics/pipeline_view.h"

namespace semel::ingest {

/// All threads together, at one moment.
struct ServeTotals {
  std::map<int, std::uint64_t> requests{};  ///< by status
  std::array<std::uint64_t, 4> events{};    ///< by EventResult
  std::array<std::uint64_t, kDurationBounds.size() + 1> durations{};
  double duration_seconds = 0;
  std::uint64_t bytes = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t connections = 0;

  // Of others than the threads.
  std::uint64_t turned_away = 0;
  std::uint64_t events_in_flight = 0;
  std::uint64_t bytes_in_flight = 0;
  std::uint64_t remembered = 0;
  bool ready = false;
  bool draining = false;
  bool kafka_failing = false;
  bool memory_failing = false;

  std::uint64_t all_requests() const;
};

ServeTotals Sum(const std::vector<const Counters*>& counters);

/// Every metric semel_serve_* of docs/metrics.md.
metrics::MetricFamilies Metrics(const ServeTotals& totals, const std::string& version);

/// What does not change while a server runs.
struct ServeIdentity {
  std::vector<Endpoint> endpoints{};
  std::string edge_memory{};  ///< local, redis or none
  std::string version{};
};

/// `read` is called on another thread, also before the server runs and after it.
metrics::PipelineView ServeView(std::function<ServeTotals()> read, ServeIdentity identity);

/// {"requests":..,"accepted":..,...}
std::string SummaryJson(const ServeTotals& totals, double seconds);
std::string SummaryText(const ServeTotals& totals, double seconds);

}  // namespace semel::ingest
