// Between a lane and its restorer: partitions go in with what is known of them, and come back ready
// to be served, while the lane serves its other partitions.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "pipeline/partition_state.h"
#include "pipeline/start_position.h"

namespace semel::pipeline {

struct RestoreRequest {
  std::uint64_t ownership = 0;  ///< which assignment asked; a later one makes the result stale
  std::unique_ptr<PartitionState> state;
};

struct RestoreResult {
  std::uint64_t ownership = 0;
  std::unique_ptr<PartitionState> state;
  std::optional<Error> error;  ///< the partition cannot be served; its state is of no use
};

struct RestoreProgress {
  std::uint64_t entries = 0;
  kafka::Offset position = 0;
  kafka::Offset end = -1;
};

/// Threads: the lane on one side, the restorer on the other.
class RestoreQueue {
 public:
  void Submit(RestoreRequest request) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(std::move(request));
    wake_.notify_one();
  }

  /// The partition was given away: its result is to come back soon, as far as it got.
  void Cancel(kafka::Partition partition) {
    const std::lock_guard lock(mutex_);
    // Come back already: kept, the cancel would hit the partition's next restore.
    for (const RestoreResult& result : results_) {
      if (result.state->partition == partition) return;
    }
    cancelled_.insert(partition);
    wake_.notify_one();
  }

  std::vector<RestoreResult> Collect() {
    const std::lock_guard lock(mutex_);
    return std::exchange(results_, {});
  }

  std::map<kafka::Partition, RestoreProgress> Progress() const {
    const std::lock_guard lock(mutex_);
    return progress_;
  }

  // The restorer's side.

  /// Waits at most `timeout` for a request.
  void WaitForWork(kafka::Milliseconds timeout) {
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, timeout, [&] { return !requests_.empty() || !cancelled_.empty(); });
  }

  std::vector<RestoreRequest> Take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(requests_, {});
  }

  /// True once for each Cancel.
  bool TakeCancelled(kafka::Partition partition) {
    const std::lock_guard lock(mutex_);
    return cancelled_.erase(partition) > 0;
  }

  void Report(kafka::Partition partition, const RestoreProgress& progress) {
    const std::lock_guard lock(mutex_);
    progress_[partition] = progress;
  }

  void Finish(RestoreResult result) {
    const std::lock_guard lock(mutex_);
    progress_.erase(result.state->partition);
    cancelled_.erase(result.state->partition);
    results_.push_back(std::move(result));
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<RestoreRequest> requests_;
  std::set<kafka::Partition> cancelled_;
  std::vector<RestoreResult> results_;
  std::map<kafka::Partition, RestoreProgress> progress_;
};

}  // namespace semel::pipeline
