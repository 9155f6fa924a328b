// Snapshots on disk, seen from a lane's two threads: which file belongs to a partition, and the
// thread that writes it while the lane goes on.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "base/log.h"
#include "kafka/client.h"
#include "pipeline/policy.h"
#include "seen_set/snapshot.h"

namespace semel::pipeline {

/// In settings.snapshot_dir, named after the changelog topic, which is unique to the job.
std::string SnapshotPath(const LaneSettings& settings, kafka::Partition partition);

/// Writes one snapshot at a time on a thread of its own. A file that cannot be written is reported
/// and given up; nothing else depends on it.
/// Threads: one, the lane's.
class SnapshotThread {
 public:
  /// `lane`: sets temporary files of one process apart.
  SnapshotThread(std::int32_t lane, Logger& log);
  SnapshotThread(const SnapshotThread&) = delete;
  SnapshotThread& operator=(const SnapshotThread&) = delete;
  /// What is queued is still written; call Abandon before where it should not be.
  ~SnapshotThread();

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
  void Run();
  void Carry(Task& task);
  void Report(const Result<void>& done);

  const std::int32_t lane_;
  Logger& log_;
  std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> failed_{0};

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<Task> tasks_;
  bool closing_ = false;

  // The thread's own.
  std::optional<SnapshotWriter> writer_;
  std::string path_;
  std::thread thread_;
};

}  // namespace semel::pipeline
