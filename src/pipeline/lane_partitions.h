// The partitions of a lane, from the moment that the consumer group gives them: being restored,
// served, and kept for a while after they were given away.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "kafka/client.h"
#include "pipeline/memory_budget.h"
#include "pipeline/partition_state.h"
#include "pipeline/policy.h"
#include "pipeline/restore_queue.h"

namespace semel::pipeline {

/// A partition that is restored and fetched.
struct Served {
  std::unique_ptr<PartitionState> state;
  kafka::Offset next = 0;            ///< next input offset to classify; nothing below it is taken
  std::optional<kafka::Offset> end;  ///< where a committed reader's view ended last
  std::chrono::steady_clock::time_point
      blocked_since;  ///< when it was first short of the log's end
  bool blocked = false;
  bool blocked_told = false;
};

/// Threads: the lane's.
class LanePartitions {
 public:
  LanePartitions(const LaneSettings& settings, MemoryBudget& budget, RestoreQueue& restores,
                 SeenSetOpener open, const Clock& clock)
      : settings_(settings),
        budget_(budget),
        restores_(restores),
        open_(std::move(open)),
        clock_(clock) {}

  /// The group gave it: restores it, from what was kept of it if it was here before.
  void Give(kafka::Partition partition);

  /// The group took it. What is confirmed is kept for 5 minutes, in case it returns.
  void TakeAway(kafka::Partition partition);

  /// Distrusts what is known of a served partition and reads all of it back.
  void Reload(kafka::Partition partition);

  /// Takes over what the restorer finished; returns from where to fetch what is served from now on.
  /// Errors: of the restore.
  Result<std::map<kafka::Partition, kafka::Offset>> CollectRestored();

  /// Forgets what was kept long enough, or everything kept when memory gets tight.
  void DropParked();

  /// Each with the number of the assignment that it is held under; a later one is another
  /// ownership.
  const std::map<kafka::Partition, std::uint64_t>& owned() const { return owned_; }
  bool Owns(kafka::Partition partition, std::uint64_t ownership) const;

  std::map<kafka::Partition, Served>& served() { return served_; }
  bool parked(kafka::Partition partition) const { return parked_.contains(partition); }
  bool restoring() const { return !restoring_.empty(); }
  std::map<kafka::Partition, RestoreProgress> Progress() const { return restores_.Progress(); }

 private:
  struct Parked {
    std::unique_ptr<PartitionState> state;
    std::chrono::steady_clock::time_point until;
  };

  std::unique_ptr<SeenSet> OpenSeenSet(kafka::Partition partition) const;
  void Submit(kafka::Partition partition, std::unique_ptr<PartitionState> state);
  void Park(std::unique_ptr<PartitionState> state);

  const LaneSettings& settings_;
  MemoryBudget& budget_;
  RestoreQueue& restores_;
  const SeenSetOpener open_;
  const Clock& clock_;

  std::uint64_t assignments_ = 0;
  std::map<kafka::Partition, std::uint64_t> owned_;
  std::map<kafka::Partition, std::uint64_t> restoring_;  // the ownership that was asked for
  std::map<kafka::Partition, Served> served_;
  std::map<kafka::Partition, Parked> parked_;
};

}  // namespace semel::pipeline
