#include "pipeline/snapshot_files.h"

#include <utility>

#include "base/fail_point.h"

namespace semel::pipeline {
namespace {

constexpr std::size_t kQueuedMax = 8;

}  // namespace

std::string SnapshotPath(const LaneSettings& settings, kafka::Partition partition) {
  return settings.snapshot_dir + "/" + settings.topics[kChangelogTopic].name + "-" +
         std::to_string(partition) + ".snapshot";
}

SnapshotFiles::SnapshotFiles(std::int32_t lane, Logger& log, FileSystem& disk,
                             const BackgroundOpener& open_background)
    : lane_(lane),
      log_(log),
      disk_(disk),
      background_(open_background([this] { return Step(); })) {}

void SnapshotFiles::Begin(std::string path, SnapshotHeader header) {
  Queue(Start{std::move(path), std::move(header)});
}

void SnapshotFiles::Add(std::vector<Sighting> entries) { Queue(std::move(entries)); }

void SnapshotFiles::Publish(std::int64_t log_end) { Queue(End{log_end}); }

void SnapshotFiles::Abandon() { Queue(Stop{}); }

bool SnapshotFiles::room() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size() < kQueuedMax;
}

void SnapshotFiles::Queue(Task task) {
  {
    const std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  background_->Wake();
}

bool SnapshotFiles::Step() {
  Task task;
  {
    const std::lock_guard lock(mutex_);
    if (tasks_.empty()) return false;
    task = std::move(tasks_.front());
    tasks_.pop_front();
  }
  Carry(task);
  return true;
}

void SnapshotFiles::Carry(Task& task) {
  if (auto* start = std::get_if<Start>(&task)) {
    path_ = std::move(start->path);
    auto writer = SnapshotWriter::Begin(path_, path_ + ".lane" + std::to_string(lane_) + ".tmp",
                                        start->header, disk_);
    if (!writer) return Report(writer.error());
    writer_ = std::move(*writer);
  } else if (std::holds_alternative<Stop>(task)) {
    writer_.reset();
  } else if (!writer_) {
    return;  // it failed before
  } else if (const auto* entries = std::get_if<std::vector<Sighting>>(&task)) {
    fail_point::Pass("in_snapshot");
    if (const auto added = writer_->Add(*entries); !added) Report(added);
  } else {
    fail_point::Pass("before_publish");
    Report(writer_->Publish(std::get<End>(task).log_end));
  }
}

/// Of a snapshot that came to its end.
void SnapshotFiles::Report(const Result<void>& done) {
  writer_.reset();
  if (done) {
    ++written_;
    log_.Info("snapshot written", {{"file", path_}});
  } else {
    ++failed_;
    log_.Warning("no snapshot; a restart will read more of the changelog",
                 {{"error", done.error().message}});
  }
}

}  // namespace semel::pipeline
