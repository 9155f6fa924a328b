#include "pipeline/changelog_replay.h"

#include <algorithm>

namespace semel::pipeline {

bool OutlivedRetention(std::int64_t append_ms, std::int64_t retention_ms, std::int64_t now_ms) {
  constexpr std::int64_t kClockDifferenceMs = 60'000;  // between the brokers and us
  return retention_ms > 0 && append_ms + retention_ms <= now_ms + kClockDifferenceMs;
}

Error ChangelogReplay::Broken(const kafka::LogRecord& log_record, const std::string& what) const {
  return {Action::kStop, "changelog " + settings_.topic + " partition " +
                             std::to_string(state_.partition) + " offset " +
                             std::to_string(log_record.offset) + ": " + what};
}

Result<void> ChangelogReplay::CheckStart(const kafka::LogRecord& log_record,
                                         kafka::Offset log_start, std::int64_t now_ms) const {
  if (log_start == 0) return {};  // nothing was ever removed
  // The one before a continuing record belongs to the same transaction: appended when this one was.
  const std::int64_t before_ms =
      record_.continues ? log_record.append_time_ms : record_.previous_append_ms;
  if (before_ms == 0)
    return {};  // this is the first record of all; only aborted ones came before it
  if (settings_.gap_accepted || OutlivedRetention(before_ms, settings_.retention_ms, now_ms))
    return {};
  return Broken(log_record,
                "records before it were removed although younger than the topic's retention, so "
                "what was seen is not "
                "known in full. Going on could repeat events. Give the group a new name (--group) "
                "to start over, or "
                "accept the loss with --accept-gap");
}

Result<void> ChangelogReplay::CheckContinuity(const kafka::LogRecord& log_record) const {
  const auto& covered = state_.changelog.covered;
  if (record_.epoch < state_.changelog.epoch) {
    return Broken(log_record, "a worker with the rule of epoch " + std::to_string(record_.epoch) +
                                  " wrote after epoch " + std::to_string(state_.changelog.epoch) +
                                  " had begun. Stop workers that still have the old rule");
  }
  if (record_.epoch == state_.changelog.epoch && !(record_.rule == state_.changelog.rule)) {
    return Broken(
        log_record,
        "another key rule or window within one epoch; two deployments share this changelog");
  }
  if (!covered || record_.begin == *covered) return {};
  if (record_.begin < *covered && record_.rewinds) return {};
  if (record_.begin > *covered && record_.skips) return {};
  return Broken(log_record, "it speaks of input offsets from " + std::to_string(record_.begin) +
                                ", the record before it ends at " + std::to_string(*covered) +
                                "; the changelog was altered or two groups write to it");
}

void ChangelogReplay::Remember() {
  const auto& from = settings_.replay_from;
  if (from && record_.begin >= *from) return;
  auto last = record_.entries.end();
  std::int64_t stream_time = record_.stream_time_ms;
  if (from && record_.end > *from) {
    last = std::find_if(record_.entries.begin(), last,
                        [&](const Sighting& s) { return s.offset >= *from; });
    stream_time = state_.seen->stream_time_ms();
    for (auto entry = record_.entries.begin(); entry != last; ++entry) {
      stream_time = std::max(stream_time, entry->time_ms);
    }
  }
  state_.seen->Restore({record_.entries.begin(), last}, stream_time);
  entries_ += static_cast<std::uint64_t>(last - record_.entries.begin());
}

Result<void> ChangelogReplay::Apply(const kafka::LogRecord& log_record, kafka::Offset log_start,
                                    std::int64_t now_ms) {
  if (const auto unpacked = UnpackChangelog(log_record.value, record_); !unpacked) {
    return Broken(log_record, unpacked.error().message);
  }
  if (record_.partition != state_.partition) {
    return Broken(log_record, "it speaks of input partition " + std::to_string(record_.partition));
  }
  auto& position = state_.changelog;
  if (!clean_) SEMEL_TRY(CheckStart(log_record, log_start, now_ms));
  clean_ = true;
  if (position.epoch != 0) SEMEL_TRY(CheckContinuity(log_record));
  if (position.epoch != record_.epoch) state_.seen->Clear();
  if (position.covered && record_.begin < *position.covered) {
    state_.seen->ForgetFrom(record_.begin, state_.seen->stream_time_ms());
  }
  if (record_.rule == settings_.rule) Remember();
  position.next = log_record.offset + 1;
  position.last = log_record.offset;
  position.last_append_ms = log_record.append_time_ms;
  position.epoch = record_.epoch;
  position.rule = record_.rule;
  position.covered = record_.end;
  return {};
}

}  // namespace semel::pipeline
