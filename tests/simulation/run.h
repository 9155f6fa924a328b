// One run: a seed decides the job, its input, and what goes wrong.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "fault_plan.h"
#include "findings.h"
#include "scheduler.h"

namespace semel::simulation {

struct RunOptions {
  std::uint64_t seed = 1;
  FaultPlan::Choice choice{};
  bool trace = false;  ///< every fault and every log line to standard output
};

struct RunResult {
  Findings findings;
  std::vector<std::string> taken;  ///< keys of faults, in their order
  std::map<std::string, std::uint64_t> by_kind;
  Duration simulated{};
  std::uint64_t steps = 0;
  std::uint64_t records = 0;
  std::uint64_t committed = 0;  ///< transactions, as the workers count them
  std::uint64_t aborted = 0;
  std::uint64_t unknown = 0;
  std::uint64_t lives = 0;  ///< of processes
  std::uint64_t snapshots = 0;
  std::uint64_t digest = 0;  ///< equal for equal runs
};

/// Threads: any, at once.
RunResult Simulate(const RunOptions& options);

}  // namespace semel::simulation
