// Is a snapshot file what a restart would have to read from the changelog?
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kafka/client.h"
#include "seen_tool/log_follower.h"

namespace semel::seen_tool {

enum class SnapshotState : std::uint8_t {
  kEqual,   ///< with the changelog's tail it is the cold replay, entry by entry
  kUnused,  ///< of other times: `semel dedup` ignores it with a log line; `text` says why
  kWrong,   ///< harmed, or it differs; `text` says where
};

struct SnapshotReport {
  std::string file;
  SnapshotState state = SnapshotState::kEqual;
  std::uint64_t entries = 0;  ///< in the file
  std::uint64_t tail = 0;     ///< changelog records after it
  std::string text;
};

/// What the changelog of the partition holds.
struct ColdReplay {
  std::string from;       ///< the input
  std::string changelog;  ///< the topic
  kafka::Partition partition = 0;
  kafka::Watermarks log;  ///< the replay ended at `high`
  std::int64_t retention_ms = 0;
  std::int64_t now_ms = 0;
  RuleIdentity rule;  ///< of the last epoch
  std::uint32_t epoch = 0;
  std::int64_t stream_time_ms = 0;
  std::vector<Sighting> entries;  ///< as Collect returns them
};

/// The snapshot of a partition in `directory` and the generation before it, as far as they exist.
std::vector<std::string> SnapshotFiles(const std::string& directory, const std::string& changelog,
                                       kafka::Partition partition);

/// Errors: of reading the changelog; what is wrong with the file is in the report.
Result<SnapshotReport> CheckSnapshot(const std::string& file, const ColdReplay& cold,
                                     kafka::LogReader& reader);

/// Fills `follower` with the whole of a snapshot. Errors: kFix, naming the file.
Result<void> LoadSnapshot(SnapshotReader& snapshot, LogFollower& follower);

}  // namespace semel::seen_tool
