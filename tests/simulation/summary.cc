#include "summary.h"

#include <nlohmann/json.hpp>

namespace semel::simulation {

void Summary::Add(const RunResult& run) {
  ++seeds;
  if (!run.findings.empty()) ++failed;
  for (const Finding& finding : run.findings) ++violations[finding.rule];
  for (const auto& [kind, count] : run.by_kind) faults[kind] += count;
  records += run.records;
  committed += run.committed;
  aborted += run.aborted;
  unknown += run.unknown;
  processes += run.lives;
  snapshots += run.snapshots;
  steps += run.steps;
  simulated += run.simulated;
}

std::string ToJson(const Summary& summary) {
  std::uint64_t faults = 0;
  for (const auto& kind : summary.faults) faults += kind.second;
  const double seeds = static_cast<double>(std::max<std::uint64_t>(summary.seeds, 1));
  const auto hours = std::chrono::duration<double, std::ratio<3600>>(summary.simulated).count();
  const nlohmann::ordered_json json = {
      {"seeds", summary.seeds},
      {"seeds_failed", summary.failed},
      {"violations", summary.violations},
      {"faults", faults},
      {"faults_per_seed", static_cast<double>(faults) / seeds},
      {"faults_by_kind", summary.faults},
      {"simulated_hours", hours},
      {"processes_started", summary.processes},
      {"records_judged", summary.records},
      {"transactions",
       {{"committed", summary.committed},
        {"aborted", summary.aborted},
        {"unknown", summary.unknown}}},
      {"snapshots_written", summary.snapshots},
      {"steps", summary.steps},
      {"seconds", summary.took.count()},
      {"seeds_per_second", seeds / std::max(summary.took.count(), 1e-9)},
  };
  return json.dump(2);
}

}  // namespace semel::simulation
