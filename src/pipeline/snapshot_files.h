// Snapshots on disk: which file belongs to a partition, and what writes it while the lane goes on.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/background.h"
#include "base/file_system.h"
#include "base/log.h"
#include "kafka/client.h"
#include "pipeline/policy.h"
#include "seen_set/snapshot.h"

namespace semel::pipeline {

/// In settings.snapshot_dir, named after the changelog topic, which is unique to the job.
std::string SnapshotPath(const LaneSettings& settings, kafka::Partition partition);

/// Writes one snapshot at a time beside the lane. A file that cannot be written is reported and
/// given up; nothing else depends on it. When it goes, what is queued is still written; call
/// Abandon before where it should not be. Threads: one, the lane's.
class SnapshotFiles {
 public:
  /// `lane`: sets temporary files of one process apart.
  SnapshotFiles(std::int32_t lane, Logger& log, FileSystem& disk,
                const BackgroundOpener& open_background);

  void Begin(std::string path, SnapshotHeader header);
  void Add(std::vector<Sighting> entries);
  void Publish(std::int64_t log_end);
  void Abandon();

  /// False while enough is queued: memory is bounded, and the disk sets the pace.
  bool room() const;

  std::uint64_t written() const { return written_; }
  std::uint64_t failed() const { return failed_; }

 private:
  struct Start {
    std::string path;
    SnapshotHeader header;
  };
  struct End {
    std::int64_t log_end;
  };
  struct Stop {};
  using Task = std::variant<Start, std::vector<Sighting>, End, Stop>;

  void Queue(Task task);
  bool Step();
  void Carry(Task& task);
  void Report(const Result<void>& done);

  const std::int32_t lane_;
  Logger& log_;
  FileSystem& disk_;
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> failed_{0};

  mutable std::mutex mutex_;
  std::deque<Task> tasks_;

  // Of Step alone.
  std::optional<SnapshotWriter> writer_;
  std::string path_;

  std::unique_ptr<Background> background_;  // ends first
};

}  // namespace semel::pipeline
