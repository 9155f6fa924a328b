// What differs from seed to seed besides faults: sizes, times, policies.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "kafka/cluster.h"
#include "pipeline/policy.h"

namespace semel::simulation {

struct Knobs {
  // The job.
  int workers = 2;  ///< at the start; their number goes up and down
  int lanes = 1;    ///< of each
  bool named = true;
  bool cooperative = false;
  bool snapshots = true;
  std::chrono::milliseconds session_timeout{10'000};
  std::chrono::milliseconds max_poll_interval{300'000};
  std::size_t batch_bytes = 1'000'000;
  pipeline::LaneSettings settings;

  // The input.
  int records = 400;
  int events = 100;  ///< different ones
  std::chrono::milliseconds every{50};
  double transactional = 0;  ///< share of the appends
  double late = 0;           ///< of the records
  double odd_times = 0;      ///< absent, or far in the future
  double unjudged = 0;       ///< without a key, or no JSON

  // The brokers.
  Cluster::Options cluster;
  bool retention = false;  ///< the changelog loses its start while partitions are restored
  bool clock_jumps = false;

  static Knobs Of(std::uint64_t seed);
};

// Names of topics and of the group.
inline const std::string kInput = "in";
inline const std::string kOutput = "out";
inline const std::string kChangelog = "group.seen";
inline const std::string kGroup = "group";

}  // namespace semel::simulation
