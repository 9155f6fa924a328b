// A lane: one thread that owns one consumer and one transactional producer, and with them the
// partitions that the consumer group gives it. docs/exactly_once.md argues why it is right.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/background.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/log.h"
#include "kafka/client.h"
#include "metrics/board.h"
#include "pipeline/memory_budget.h"
#include "pipeline/partition_state.h"
#include "pipeline/policy.h"
#include "pipeline/restore_queue.h"
#include "pipeline/spread_detector.h"
#include "semel/fingerprint.h"
#include "semel/result.h"

namespace semel::pipeline {

/// What a lane works with. Everything referred to must outlive it.
struct LaneParts {
  kafka::Client& client;
  const LaneSettings& settings;
  std::string transactional_id;
  std::int32_t number = 0;  ///< of the lane in its process, from 0
  MemoryBudget& budget;
  RestoreQueue& restores;  ///< a Restorer works at its other end
  SpreadDetector& spread;  ///< of all lanes of the process
  metrics::Board& board;
  const Clock& clock;
  Logger& log;
  SeenSetOpener open_seen_set{};
  FileSystem& disk = SystemFiles();
  BackgroundOpener open_background = OpenBackgroundThread;
};

/// Threads: Run belongs to one thread.
class Lane {
 public:
  /// `fingerprinter` after settings.key.
  Lane(LaneParts parts, Fingerprinter fingerprinter);
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;
  ~Lane();

  /// Works until `stop` is requested: then commits or rolls back what is open, leaves the group and
  /// returns success. Errors: kStop, kConnect, kFix, kFail; nothing uncommitted is left behind.
  Result<void> Run(const std::stop_token& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace semel::pipeline
