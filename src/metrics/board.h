// Where lanes leave their numbers for whoever shows them.
#pragma once

#include <mutex>
#include <utility>

#include "metrics/snapshot.h"

namespace semel::metrics {

/// A lane counts in a plain LaneSnapshot of its own and publishes it whole, after a commit and a
/// few times a second while it restores or idles. So counting costs nothing, and no reader ever
/// sees half a commit.
/// Threads: any, at once.
class Board {
 public:
  /// `job`: what does not change (group, topic, window); its lanes, if any, are what is seen until
  /// they publish.
  explicit Board(Snapshot job) : snapshot_(std::move(job)) {}

  /// Replaces what the lane of that number published before. Cost: one copy of `lane`.
  void Publish(const LaneSnapshot& lane) {
    const std::lock_guard lock(mutex_);
    for (LaneSnapshot& published : snapshot_.lanes) {
      if (published.lane != lane.lane) continue;
      published = lane;
      return;
    }
    snapshot_.lanes.push_back(lane);
  }

  Snapshot Read() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }

 private:
  mutable std::mutex mutex_;
  Snapshot snapshot_;
};

}  // namespace semel::metrics
