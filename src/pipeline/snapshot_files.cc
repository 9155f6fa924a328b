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

SnapshotThread::SnapshotThread(std::int32_t lane, Logger& log)
    : lane_(lane), log_(log), thread_([this] { Run(); }) {}

SnapshotThread::~SnapshotThread() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    wake_.notify_one();
  }
  thread_.join();
}

void SnapshotThread::Begin(std::string path, SnapshotHeader header) {
  Queue(Start{std::move(path), std::move(header)});
}

void SnapshotThread::Add(std::vector<Sighting> entries) { Queue(std::move(entries)); }

void SnapshotThread::Publish(std::int64_t log_end) { Queue(End{log_end}); }

void SnapshotThread::Abandon() { Queue(Stop{}); }

bool SnapshotThread::room() const {
  const std::lock_guard lock(mutex_);
  return tasks_.size() < kQueuedMax;
}

void SnapshotThread::Queue(Task task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  wake_.notify_one();
}

void SnapshotThread::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return closing_ || !tasks_.empty(); });
    if (tasks_.empty()) return;
    Task task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    Carry(task);
    lock.lock();
  }
}

void SnapshotThread::Carry(Task& task) {
  if (auto* start = std::get_if<Start>(&task)) {
    path_ = std::move(start->path);
    auto writer = SnapshotWriter::Begin(path_, path_ + ".lane" + std::to_string(lane_) + ".tmp",
                                        start->header);
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
void SnapshotThread::Report(const Result<void>& done) {
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
