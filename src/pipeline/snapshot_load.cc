#include "pipeline/snapshot_load.h"

#include "pipeline/snapshot_files.h"

namespace semel::pipeline {
namespace {

constexpr std::uint64_t kStepEntries = 500'000;

}  // namespace

ChangelogPosition PositionOf(const SnapshotHeader& header) {
  return {.next = header.log_next,
          .last = header.log_last,
          .last_append_ms = header.log_last_append_ms,
          .epoch = header.epoch,
          .rule = header.rule,
          .covered = header.covered};
}

SnapshotLoad::SnapshotLoad(const LaneSettings& settings, const RuleIdentity& rule,
                           const kafka::Watermarks& changelog, PartitionState& state,
                           FileSystem& disk, Logger& log)
    : settings_(settings),
      rule_(rule),
      changelog_(changelog),
      state_(state),
      disk_(disk),
      log_(log) {
  const std::string path = SnapshotPath(settings, state.partition);
  for (const std::string& file : {path, PreviousSnapshot(path)}) {
    if (FileExists(file, disk)) files_.push_back(file);
  }
  OpenNext();
}

void SnapshotLoad::OpenNext() {
  while (!reader_ && !files_.empty()) {
    auto opened = SnapshotReader::Open(files_.front(), disk_);
    if (!opened) {
      Ignore(opened.error().message);
    } else if (const std::string misfit = Misfit(opened->header()); !misfit.empty()) {
      Ignore(misfit);
    } else {
      reader_ = std::move(*opened);
    }
  }
}

/// Why a snapshot is not of this partition as it is now; empty: it is.
std::string SnapshotLoad::Misfit(const SnapshotHeader& header) const {
  if (header.topic != settings_.from || header.partition != state_.partition ||
      header.changelog != settings_.topics[kChangelogTopic].name)
    return "is of another partition";
  if (!(header.rule == rule_)) return "was made with another key rule or window";
  if (header.log_last < changelog_.low) return "ends before the changelog begins";
  if (header.log_next > changelog_.high) return "is ahead of the changelog";
  return {};
}

void SnapshotLoad::Ignore(const std::string& reason) {
  log_.Warning("snapshot ignored", {{"file", files_.front()}, {"reason", reason}});
  files_.pop_front();
  reader_.reset();
  state_.seen->Clear();
  entries_ = 0;
}

bool SnapshotLoad::Step() {
  for (const std::uint64_t until = entries_ + kStepEntries; reader_ && entries_ < until;) {
    const SnapshotHeader& header = reader_->header();
    const auto more = reader_->Next(block_);
    if (more && *more) {
      state_.seen->Restore(block_, header.stream_time_ms);
      entries_ += block_.size();
    } else if (more && reader_->log_end() <= changelog_.high) {
      state_.changelog = PositionOf(header);
      reader_.reset();
      return false;
    } else {
      Ignore(more ? "is ahead of the changelog" : more.error().message);
      OpenNext();
    }
  }
  return reader_.has_value();
}

bool SnapshotLoad::Confirms(const kafka::LogRecord& record, const PartitionState& state) {
  const ChangelogPosition& log = state.changelog;
  ChangelogRecord unpacked;
  return record.offset == log.last && record.append_time_ms == log.last_append_ms &&
         UnpackChangelog(record.value, unpacked) && unpacked.epoch == log.epoch &&
         unpacked.rule == log.rule && unpacked.partition == state.partition &&
         unpacked.end == log.covered && unpacked.stream_time_ms == state.seen->stream_time_ms();
}

}  // namespace semel::pipeline
