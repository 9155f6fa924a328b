// One life of a `semel dedup` process: lanes and restorers as src/wiring/dedup_job.cc puts them
// together, with tasks in place of threads.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/log.h"
#include "disk.h"
#include "kafka/simulated_client.h"
#include "knobs.h"
#include "live_sets.h"
#include "metrics/board.h"

namespace semel::simulation {

class Worker {
 public:
  struct Parts {
    Cluster& cluster;
    const Knobs& knobs;
    SimulatedDisk& disk;
    Logger& log;
  };

  /// Starts. `machine`: what it runs on, and its --instance where it has one; `life`: how often one
  /// was started there.
  Worker(const Parts& parts, const std::string& machine, int life);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  /// SIGTERM.
  void Stop() { stop_.request_stop(); }
  Process& process() { return process_; }
  const Process& process() const { return process_; }
  bool ended() const { return ended_; }  ///< by itself; a killed one never does
  /// Why it ended, unless it was told to.
  const std::optional<Error>& error() const { return error_; }

  metrics::Snapshot Figures() const { return board_.Read(); }
  /// What it remembers of a partition that it serves, up to the committed offset; null where it
  /// does not, or has yet to learn that this is where it is committed.
  const SeenSet* SetOf(kafka::Partition partition, kafka::Offset committed) const;

 private:
  struct Job;
  struct Lane;

  void Run(const std::string& machine, int life);
  Result<void> RunLane(const std::shared_ptr<Job>& job, const std::shared_ptr<Lane>& lane);
  static void Restore(const std::shared_ptr<Job>& job, const std::shared_ptr<Lane>& lane,
                      Scheduler& scheduler);
  void LaneEnded(const Result<void>& done);

  const Parts parts_;
  Process& process_;
  std::stop_source stop_;
  metrics::Board board_{metrics::Snapshot{}};
  LiveSets sets_;
  int running_ = 0;
  bool ended_ = false;
  std::optional<Error> error_;
};

}  // namespace semel::simulation
