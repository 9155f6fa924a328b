// One job of the process, as those who watch it see it.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "metrics/metric_families.h"
#include "metrics/sink_snapshot.h"
#include "metrics/snapshot.h"

namespace semel::metrics {

struct Readiness {
  bool ready = false;
  std::string json;  ///< an object
};

/// Its functions are called for each request, on the HTTP server's thread, and must not wait.
struct PipelineView {
  std::string name{};  ///< as the file of `semel run` has it; empty: the process has no other
  std::function<MetricFamilies()> metrics;
  std::function<Readiness()> readiness;
  std::function<nlohmann::ordered_json()> status;  ///< what the page shows: docs/metrics.md
};

/// Of a `semel dedup`.
PipelineView DedupView(std::function<Snapshot()> read, std::string version);
/// Of a `semel sink postgres` of consumer group `group`.
PipelineView SinkView(std::function<SinkSnapshot()> read, std::string group, std::string version);

}  // namespace semel::metrics
