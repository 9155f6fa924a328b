// Restores partitions as a process that comes new would, to see what it would remember.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "disk.h"
#include "kafka/simulated_client.h"
#include "knobs.h"
#include "live_sets.h"

namespace semel::simulation {

/// For tasks.
class Verifier {
 public:
  Verifier(Cluster& cluster, const Knobs& knobs, Logger& log)
      : cluster_(cluster), knobs_(knobs), log_(log) {}

  /// All partitions; null: without snapshots.
  void Restore(SimulatedDisk* disk);

  const Remembered& Cold(kafka::Partition partition) { return cold_[partition]; }
  const std::vector<Remembered>& Warm(kafka::Partition partition) { return warm_[partition]; }
  const std::vector<std::string>& errors() const { return errors_; }

 private:
  Cluster& cluster_;
  const Knobs& knobs_;
  Logger& log_;
  std::map<kafka::Partition, Remembered> cold_;
  std::map<kafka::Partition, std::vector<Remembered>> warm_;
  std::vector<std::string> errors_;
};

}  // namespace semel::simulation
