// What a lane counts and what others see of it: the metrics board, and the log where the input is
// blocked.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"
#include "metrics/board.h"
#include "pipeline/lane_partitions.h"

namespace semel::pipeline {

/// Threads: the lane's.
class LaneReport {
 public:
  LaneReport(metrics::Board& board, const std::string& topic, std::int32_t lane, const Clock& clock,
             Logger& log)
      : board_(board), topic_(topic), clock_(clock), log_(log) {
    lane_.lane = lane;
  }

  metrics::LaneSnapshot& lane() { return lane_; }

  /// Counts records whose transaction was committed.
  void Add(kafka::Partition partition, const metrics::PartitionSnapshot& tally);

  /// At most 5 times a second, whatever is called.
  void PublishNowAndThen(LanePartitions& partitions, kafka::InputConsumer& consumer);
  void Publish(LanePartitions& partitions, kafka::InputConsumer& consumer);

 private:
  metrics::PartitionSnapshot& Of(kafka::Partition partition);
  void ShowServed(kafka::Partition partition, Served& served, kafka::InputConsumer& consumer);
  void WatchBlocked(kafka::Partition partition, Served& served, kafka::InputConsumer& consumer);

  metrics::Board& board_;
  const std::string& topic_;
  const Clock& clock_;
  Logger& log_;
  metrics::LaneSnapshot lane_;
  std::map<kafka::Partition, metrics::PartitionSnapshot> partitions_;
  std::chrono::steady_clock::time_point published_;
};

}  // namespace semel::pipeline
