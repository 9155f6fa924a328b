#include "seen_tool/log_follower.h"

#include "pipeline/snapshot_load.h"
#include "wiring/random_seed.h"

namespace semel::seen_tool {

LogFollower::LogFollower(std::string topic, kafka::Partition partition, std::int64_t retention_ms)
    : topic_(std::move(topic)), retention_ms_(retention_ms), state_(partition, nullptr, budget_) {
  Follow({.window_ms = 1});
}

/// An empty set for entries of that rule.
void LogFollower::Follow(const RuleIdentity& rule) {
  state_.seen = OpenMemorySeenSet({Window(rule), rule.bits, RandomSeed()});
  replay_ = std::make_unique<pipeline::ChangelogReplay>(
      pipeline::ChangelogReplay::Settings{
          .topic = topic_, .rule = rule, .retention_ms = retention_ms_, .replay_from = {}},
      state_);
}

void LogFollower::ContinueAt(const SnapshotHeader& header) {
  state_.changelog = pipeline::PositionOf(header);
  Follow(header.rule);
}

void LogFollower::Restore(std::span<const Sighting> entries, std::int64_t stream_time_ms) {
  state_.seen->Restore(entries, stream_time_ms);
}

Result<void> LogFollower::Take(const kafka::LogRecord& record, kafka::Offset log_start,
                               std::int64_t now_ms) {
  // A new epoch may have other fingerprints and another window. What is wrong with a record is for
  // Apply to say.
  if (UnpackChangelog(record.value, record_) && record_.epoch > state_.changelog.epoch)
    Follow(record_.rule);
  SEMEL_TRY(replay_->Apply(record, log_start, now_ms));
  ++records_;
  return {};
}

}  // namespace semel::seen_tool
