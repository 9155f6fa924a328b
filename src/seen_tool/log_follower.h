// Follows the changelog of one partition as a restart does, but under whatever rule its records
// were written: the tool looks, it does not go on from there.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <string>

#include "pipeline/changelog_replay.h"
#include "seen_set/snapshot.h"

namespace semel::seen_tool {

/// Threads: one.
class LogFollower {
 public:
  LogFollower(std::string topic, kafka::Partition partition, std::int64_t retention_ms);

  /// Takes up what a snapshot holds; before Take. Its entries are added by Restore.
  void ContinueAt(const SnapshotHeader& header);
  void Restore(std::span<const Sighting> entries, std::int64_t stream_time_ms);

  /// Checks and applies the next record. `log_start`: first offset that still exists.
  /// Errors: kStop, naming partition and offset.
  Result<void> Take(const kafka::LogRecord& record, kafka::Offset log_start, std::int64_t now_ms);

  const pipeline::PartitionState& state() const { return state_; }
  std::uint64_t records() const { return records_; }  ///< taken

 private:
  void Follow(const RuleIdentity& rule);

  const std::string topic_;
  const std::int64_t retention_ms_;
  pipeline::MemoryBudget budget_{std::numeric_limits<std::size_t>::max()};
  pipeline::PartitionState state_;
  std::unique_ptr<pipeline::ChangelogReplay> replay_;
  ChangelogRecord record_;  // reused memory
  std::uint64_t records_ = 0;
};

/// The window of an epoch, as the seen-set takes it.
inline std::chrono::milliseconds Window(const RuleIdentity& rule) {
  return std::chrono::milliseconds(rule.window_ms);
}

}  // namespace semel::seen_tool
