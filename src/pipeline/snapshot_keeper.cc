#include "pipeline/snapshot_keeper.h"

#include <algorithm>
#include <utility>

namespace semel::pipeline {
namespace {

constexpr std::size_t kPieceEntries = 16 * 1024;
// A restart replays at most an eighth of what is remembered, and the disk sees each entry about
// eight times in its life.
constexpr std::size_t kUnsavedShare = 8;
constexpr std::chrono::milliseconds kDiskPause{5};

bool Due(const PartitionState& state, std::size_t unsaved_min) {
  return state.unsaved >= std::max(unsaved_min, state.seen->size() / kUnsavedShare);
}

}  // namespace

SnapshotKeeper::SnapshotKeeper(const LaneSettings& settings, std::int32_t lane, const Clock& clock,
                               Logger& log, FileSystem& disk,
                               const BackgroundOpener& open_background)
    : settings_(settings), clock_(clock) {
  if (settings.snapshot_dir.empty()) return;
  files_ = std::make_unique<SnapshotFiles>(lane, log, disk, open_background);
}

SnapshotKeeper::~SnapshotKeeper() {
  if (copy_) files_->Abandon();
}

void SnapshotKeeper::Step(LanePartitions& partitions) {
  if (!files_) return;
  if (copy_) return Continue(partitions);
  for (auto& [partition, served] : partitions.served()) {
    if (Due(*served.state, settings_.snapshot_unsaved_min))
      return BeginCopy(*served.state, partitions.owned().at(partition));
  }
}

void SnapshotKeeper::BeginCopy(PartitionState& state, std::uint64_t ownership) {
  const ChangelogPosition& log = state.changelog;
  files_->Begin(SnapshotPath(settings_, state.partition),
                {.topic = settings_.from,
                 .changelog = settings_.topics[kChangelogTopic].name,
                 .partition = state.partition,
                 .epoch = log.epoch,
                 .rule = log.rule,
                 .log_next = log.next,
                 .log_last = log.last,
                 .log_last_append_ms = log.last_append_ms,
                 .covered = state.committed,
                 .stream_time_ms = state.seen->stream_time_ms()});
  state.unsaved = 0;
  copy_ = Copy{state.partition, ownership, state.seen->Walk()};
}

void SnapshotKeeper::Continue(LanePartitions& partitions) {
  const auto served = partitions.served().find(copy_->partition);
  if (served == partitions.served().end() || !partitions.Owns(copy_->partition, copy_->ownership)) {
    files_->Abandon();
    copy_.reset();
    return;
  }
  if (!files_->room()) return;
  std::vector<Sighting> piece;
  if (copy_->walk->Next(kPieceEntries, piece)) {
    if (!piece.empty()) files_->Add(std::move(piece));
    return;
  }
  files_->Publish(served->second.state->changelog.next);
  copy_.reset();
}

void SnapshotKeeper::Finish(LanePartitions& partitions,
                            std::chrono::steady_clock::time_point deadline) {
  if (!files_) return;
  const auto carry_on = [&] {
    while (copy_ && clock_.Now() < deadline) {
      Continue(partitions);
      if (copy_ && !files_->room()) clock_.Sleep(kDiskPause);
    }
  };
  carry_on();
  for (auto& [partition, served] : partitions.served()) {
    if (copy_ || served.state->unsaved == 0) continue;
    BeginCopy(*served.state, partitions.owned().at(partition));
    carry_on();
  }
}

}  // namespace semel::pipeline
