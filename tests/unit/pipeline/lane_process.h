// A process with one lane and its restorer on a ScriptedKafka, all on one thread: the restorer
// works while the lane polls. What a test wants to do meanwhile it gives as steps.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "metrics/board.h"
#include "pipeline/lane.h"
#include "pipeline/restorer.h"
#include "scripted_kafka.h"

namespace semel::testing {

/// Threads: any.
class KeptLog final : public Logger {
 public:
  void Write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override;
  std::size_t Count(std::string_view part) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// Two partitions, commits every 100 ms, the value as key, refused records to topic 2.
pipeline::LaneSettings OrdersSettings(int partitions = 2);

class LaneProcess {
 public:
  LaneProcess(FakeBroker& broker, const ManualClock& clock, pipeline::LaneSettings lane_settings,
              std::string transactional_id, std::size_t memory_limit = std::size_t{1} << 30U);

  /// Runs the lane until the steps are used up and nothing happens any more, then stops it. A step
  /// is taken when ten polls in a row had nothing to return.
  Result<void> Run();

  /// Adds a step.
  void Then(std::function<void()> step) { steps_.push_back(std::move(step)); }

  /// Stops at the next poll; without this Run ends by itself.
  void Stop() { stop_.request_stop(); }

  metrics::LaneSnapshot Counters() const { return board.Read().lanes.at(0); }

  const pipeline::LaneSettings settings;
  ScriptedKafka kafka;
  pipeline::MemoryBudget budget;
  pipeline::RestoreQueue restores;
  metrics::Board board{metrics::Snapshot{}};
  KeptLog log;
  int polls_max = 20'000;  ///< a run that takes more of them hangs
  int settled_after = 10;  ///< idle polls

 private:
  void OnPoll();

  const ManualClock& clock_;
  std::unique_ptr<pipeline::Restorer> restorer_;
  std::deque<std::function<void()>> steps_;
  std::stop_source stop_;
  int polls_ = 0;
};

}  // namespace semel::testing
