// How far the restore of one partition is.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "pipeline/blocked_log.h"
#include "pipeline/changelog_replay.h"
#include "pipeline/old_answer.h"
#include "pipeline/restore_queue.h"
#include "pipeline/snapshot_load.h"
#include "pipeline/start_position.h"

namespace semel::pipeline {

/// One partition on its way back.
struct RestoreJob {
  using Time = std::chrono::steady_clock::time_point;

  RestoreJob(RestoreRequest from, kafka::Client& client, Logger& log, Time now)
      : request(std::move(from)), blocked(client, log), noticed(now), started(now) {}

  PartitionState& state() { return *request.state; }
  std::uint64_t replayed() const { return replay ? replay->entries() : 0; }

  void Forget() {
    state().seen->Clear();
    state().changelog = {};
    state().unsaved = 0;
  }

  /// Everything is asked anew, as of one that has just come.
  void StartOver() {
    Forget();
    unconfirmed = false;
    replay_from.reset();
    replay.reset();
  }

  RestoreRequest request;
  Findings findings;
  std::optional<SnapshotLoad> snapshot;     ///< while it is loaded
  bool unconfirmed = false;                 ///< what was loaded waits for its last record
  std::unique_ptr<ChangelogReplay> replay;  ///< empty until the questions are answered
  bool opened = false;                      ///< the reader is positioned on this partition
  std::optional<kafka::Offset> log_end;  ///< where a committed reader's view ended, while it does
  std::optional<kafka::Offset> replay_from;
  OldAnswer cut;     ///< a log ends before what is committed
  OldAnswer behind;  ///< something lies behind the changelog
  BlockedLog blocked;
  Time noticed;
  Time started;
  std::string waiting_for;
};

}  // namespace semel::pipeline
