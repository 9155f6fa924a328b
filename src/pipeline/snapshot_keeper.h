// Decides when a partition's seen-set is copied to disk, and copies it a little at a time between
// the lane's other work.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"
#include "pipeline/lane_partitions.h"
#include "pipeline/policy.h"
#include "pipeline/snapshot_files.h"

namespace semel::pipeline {

/// Threads: the lane's.
class SnapshotKeeper {
 public:
  /// Does nothing, ever, without settings.snapshot_dir.
  SnapshotKeeper(const LaneSettings& settings, std::int32_t lane, const Clock& clock, Logger& log,
                 FileSystem& disk, const BackgroundOpener& open_background);
  ~SnapshotKeeper();

  /// One small step: begins a copy where one is due, or carries on with the one under way.
  /// Not while a partition is changed by anything but Confirm. Cost: below 5 ms.
  void Step(LanePartitions& partitions);

  /// At a clean end: copies what changed since its last snapshot, as far as `deadline` allows.
  void Finish(LanePartitions& partitions, std::chrono::steady_clock::time_point deadline);

  bool copying() const { return copy_.has_value(); }
  std::uint64_t written() const { return files_ ? files_->written() : 0; }
  std::uint64_t failed() const { return files_ ? files_->failed() : 0; }

 private:
  struct Copy {
    kafka::Partition partition;
    std::uint64_t ownership;
    std::unique_ptr<EntryWalk> walk;
  };

  void BeginCopy(PartitionState& state, std::uint64_t ownership);
  void Continue(LanePartitions& partitions);

  const LaneSettings& settings_;
  const Clock& clock_;
  std::unique_ptr<SnapshotFiles> files_;
  std::optional<Copy> copy_;
};

}  // namespace semel::pipeline
