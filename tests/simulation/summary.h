// What many runs came to.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "run.h"

namespace semel::simulation {

struct Summary {
  std::uint64_t seeds = 0;
  std::uint64_t failed = 0;
  std::map<std::string, std::uint64_t> violations;  ///< by rule
  std::map<std::string, std::uint64_t> faults;      ///< by kind
  std::uint64_t records = 0;
  std::uint64_t committed = 0;
  std::uint64_t aborted = 0;
  std::uint64_t unknown = 0;
  std::uint64_t processes = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t steps = 0;
  Duration simulated{};
  std::chrono::duration<double> took{};

  void Add(const RunResult& run);
};

/// One JSON object, over several lines.
std::string ToJson(const Summary& summary);

}  // namespace semel::simulation
