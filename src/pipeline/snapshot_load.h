// Fills a partition's seen-set from its snapshot, as far as there is one that fits.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "kafka/client.h"
#include "pipeline/partition_state.h"
#include "pipeline/policy.h"
#include "seen_set/snapshot.h"

namespace semel::pipeline {

/// Where the changelog stood when the copy began.
ChangelogPosition PositionOf(const SnapshotHeader& header);

/// What does not fit in every respect is ignored with a log line: the changelog has it all.
/// Threads: one.
class SnapshotLoad {
 public:
  /// `state`: empty. `changelog`: what exists of its changelog partition.
  SnapshotLoad(const LaneSettings& settings, const RuleIdentity& rule,
               const kafka::Watermarks& changelog, PartitionState& state, FileSystem& disk,
               Logger& log);

  /// Loads at most about 500,000 entries. False: done; state.changelog then tells how far that
  /// brought it, to be believed once Confirms says so.
  bool Step();

  std::uint64_t entries() const { return entries_; }

  /// Whether `record` is the one that a snapshot loaded into `state` ends with. The same offset of
  /// a topic that was made anew holds another one.
  static bool Confirms(const kafka::LogRecord& record, const PartitionState& state);

 private:
  void OpenNext();
  std::string Misfit(const SnapshotHeader& header) const;
  void Ignore(const std::string& reason);

  const LaneSettings& settings_;
  const RuleIdentity rule_;
  const kafka::Watermarks changelog_;
  PartitionState& state_;
  FileSystem& disk_;
  Logger& log_;
  std::deque<std::string> files_;  // the one under way first
  std::optional<SnapshotReader> reader_;
  std::vector<Sighting> block_;
  std::uint64_t entries_ = 0;
};

}  // namespace semel::pipeline
