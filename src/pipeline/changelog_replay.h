// Follows the changelog of one partition, record by record, into its seen-set. Pure: no Kafka.
#pragma once

#include <optional>

#include "pipeline/partition_state.h"

namespace semel::pipeline {

/// Whether a record appended at `append_ms` may have been removed by retention. Retention 0: never.
bool OutlivedRetention(std::int64_t append_ms, std::int64_t retention_ms, std::int64_t now_ms);

class ChangelogReplay {
 public:
  struct Settings {
    std::string topic;                         ///< for messages
    RuleIdentity rule;                         ///< ours
    std::int64_t retention_ms = 0;             ///< of the changelog; 0: unlimited
    bool gap_accepted = false;                 ///< a start that was cut off too early is no error
    std::optional<kafka::Offset> replay_from;  ///< leave out what was claimed at or after it
  };

  /// `state` must outlive the replay. It continues at state.changelog.
  ChangelogReplay(Settings settings, PartitionState& state)
      : settings_(std::move(settings)), state_(state), clean_(state.changelog.last >= 0) {}

  /// Applies one record. `log_start`: first offset that still exists; `now_ms`: to judge whether
  /// what was removed before it had outlived its retention. Errors: kStop: broken bytes, a hole in
  /// the input ranges, a start that was cut off too early.
  Result<void> Apply(const kafka::LogRecord& log_record, kafka::Offset log_start,
                     std::int64_t now_ms);

  std::uint64_t entries() const { return entries_; }

 private:
  Result<void> CheckStart(const kafka::LogRecord& log_record, kafka::Offset log_start,
                          std::int64_t now_ms) const;
  Result<void> CheckContinuity(const kafka::LogRecord& log_record) const;
  void Remember();
  Error Broken(const kafka::LogRecord& log_record, const std::string& what) const;

  Settings settings_;
  PartitionState& state_;
  ChangelogRecord record_;
  bool
      clean_;  ///< the start of the log needs no look: checked, or continued from an earlier record
  std::uint64_t entries_ = 0;
};

}  // namespace semel::pipeline
