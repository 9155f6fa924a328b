// A job that nobody works on while we write to its changelog: its group is ours alone, what an
// earlier run of ours left open is ended, and each partition is one transaction.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kafka/rdkafka_client.h"
#include "seen_tool/held_group.h"
#include "seen_tool/log_follower.h"
#include "seen_tool/verify.h"

namespace semel::seen_tool {

/// What is written for a partition.
struct PartitionWrite {
  kafka::Partition partition = 0;
  kafka::Offset committed = 0;        ///< the group's, as it was: it does not move
  std::int32_t input_partitions = 0;  ///< of the metadata, as it was
};

/// Threads: one.
class HeldJob {
 public:
  /// `purpose` names us: in the transactional id, and the place "in_<purpose>" where a test can end
  /// us. `logger` and `names` outlive it.
  HeldJob(const JobNames& names, const JobShape& shape, const std::string& purpose, Logger& logger);

  /// Errors: kStop when the group has members, or does not become ours alone; kConnect.
  Result<void> Take();

  /// To be called at least every max.poll.interval.ms. Errors: kStop.
  Result<void> StillOurs() { return held_->StillOurs(); }

  /// The group's offsets, once none is pending.
  Result<std::map<kafka::Partition, kafka::CommittedOffset>> Committed();

  /// Follows what is in the changelog. Errors: kStop where it is not whole.
  Result<std::unique_ptr<LogFollower>> ReadChangelog(kafka::Partition partition);

  /// Writes the records, and the offset with metadata that names the last of them. Errors: kStop
  /// when the changelog that was read has more by now; kFail when it is not known whether that
  /// happened: run again, it looks.
  Result<void> Write(const PartitionWrite& write, const std::vector<std::string>& records);

  kafka::LogReader& reader() { return *reader_; }
  const std::string& transactional_id() const { return transactional_id_; }

 private:
  kafka::ClientOptions Client(const kafka::ClientSettings& settings) const;

  const JobNames& names_;
  const JobShape shape_;
  const std::string place_;
  const std::string transactional_id_;
  Logger& logger_;
  kafka::RdkafkaClient members_;
  kafka::RdkafkaClient producers_;
  std::unique_ptr<kafka::LogReader> reader_;
  std::optional<HeldGroup> held_;
  std::map<kafka::Partition, kafka::Offset> ends_;  // of the changelogs that were read
};

}  // namespace semel::seen_tool
