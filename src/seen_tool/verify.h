// `semel seen verify`: is the changelog whole, and does it belong to what is committed?
#pragma once

#include <functional>

#include "base/log.h"
#include "kafka/settings.h"
#include "prove/activity.h"
#include "seen_tool/snapshot_check.h"

namespace semel::seen_tool {

/// Which job.
struct JobNames {
  kafka::ClientSettings kafka;
  std::string from;
  std::string group;
  std::string changelog;
};

struct PartitionReport {
  kafka::Partition partition = 0;
  kafka::Watermarks log{};  ///< of the changelog
  std::uint64_t records = 0;
  std::uint64_t entries = 0;  ///< remembered
  std::optional<kafka::Offset> covered{};
  std::int64_t oldest_ms = 0;
  std::int64_t stream_time_ms = 0;
  std::string wrong{};  ///< empty: nothing
  std::vector<SnapshotReport> snapshots{};
};

/// Whether nothing is wrong with it.
bool Right(const PartitionReport& report);

/// One line, and one for each snapshot.
std::string ToText(const PartitionReport& report);

/// Reads every partition's changelog, and the snapshots in `state_dir` unless that is empty;
/// `report` gets each partition. What is wrong with one is in its report.
/// Errors: kFix (no such topic), those of reading.
Result<void> Verify(const JobNames& job, const std::string& state_dir, Logger& logger,
                    prove::Activity& activity,
                    const std::function<void(const PartitionReport&)>& report);

/// Partitions of the input, and how long the changelog keeps records; checks that both exist.
struct JobShape {
  std::int32_t partitions = 0;
  std::int64_t retention_ms = 0;  ///< 0: unlimited
};
Result<JobShape> FindShape(const JobNames& job, Logger& logger);

}  // namespace semel::seen_tool
