// What a sink counts, as plain numbers at one moment: /metrics, /readyz, the progress line and the
// summary read them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "metrics/snapshot.h"

namespace semel::metrics {

/// Counters are of what was committed to the database, since the start of the process.
struct SinkPartition {
  std::int32_t partition = 0;
  std::uint64_t read = 0;
  std::int64_t position = -1;  ///< next offset, as the database has it
  std::int64_t end = -1;       ///< last known end of the input; -1: not known yet

  std::int64_t Lag() const {
    return position < 0 || end < 0 ? 0 : std::max<std::int64_t>(0, end - position);
  }
};

/// read = rows + duplicates + invalid, in every snapshot.
struct SinkSnapshot {
  std::string topic{};
  std::string table{};
  bool joined = false;     ///< the group gave the first assignment, be it an empty one
  bool connected = false;  ///< with the database
  bool fetching = false;   ///< every partition that is ours is read
  std::uint64_t read = 0;
  std::uint64_t rows = 0;
  std::uint64_t duplicates = 0;  ///< left out, because the fingerprint is in the table already
  std::uint64_t invalid = 0;     ///< no row could be made of them
  std::uint64_t committed = 0;   ///< transactions
  std::uint64_t rolled_back = 0;
  std::uint64_t unknown = 0;  ///< outcome not answered; resolved by reading the positions
  std::uint64_t fenced = 0;   ///< somebody else moved a position: nothing was written
  CommitDurations commit_durations{};
  std::vector<SinkPartition> partitions{};

  bool Ready() const { return joined && connected && fetching; }
  std::int64_t Lag() const {
    std::int64_t sum = 0;
    for (const SinkPartition& part : partitions) sum += part.Lag();
    return sum;
  }
};

/// Where the lane leaves its numbers. Threads: any, at once.
class SinkBoard {
 public:
  void Publish(SinkSnapshot snapshot) {
    const std::lock_guard lock(mutex_);
    snapshot_ = std::move(snapshot);
  }
  SinkSnapshot Read() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }

 private:
  mutable std::mutex mutex_;
  SinkSnapshot snapshot_;
};

}  // namespace semel::metrics
