// What the page at / is told: snapshots and the process as JSON.
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "metrics/recent_log.h"
#include "metrics/sink_snapshot.h"
#include "metrics/snapshot.h"

namespace semel::metrics {

/// What belongs to the process and to none of its pipelines.
struct ProcessStatus {
  std::string version{};
  std::int64_t now_ms = 0;             ///< since the epoch
  std::chrono::milliseconds uptime{};  ///< never goes back: what rates are computed with
  std::vector<LogEntry> problems{};    ///< oldest first
};

/// The members are in docs/metrics.md. What is not known is null.
nlohmann::ordered_json DedupStatus(const Snapshot& snapshot);
nlohmann::ordered_json SinkStatus(const SinkSnapshot& snapshot, const std::string& group);

/// `pipelines`: a list of such. Text that is not UTF-8 is repaired.
std::string StatusJson(nlohmann::ordered_json pipelines, const ProcessStatus& process);

}  // namespace semel::metrics
