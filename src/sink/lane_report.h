// What a lane shows: its numbers, and the group's positions for those who look at its lag.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>

#include "base/clock.h"
#include "kafka/client.h"
#include "metrics/sink_snapshot.h"
#include "sink/database.h"
#include "sink/owned.h"
#include "sink/row_writer.h"

namespace semel::sink {

/// Threads: one at a time.
class LaneReport {
 public:
  LaneReport(metrics::SinkBoard& board, const Clock& clock, std::string topic, std::string table);

  /// What is counted besides records.
  metrics::SinkSnapshot& counters() { return snapshot_; }

  /// A committed transaction: what it did, and how many records of each partition it took.
  void Count(const Tally& tally, const std::map<kafka::Partition, std::uint64_t>& taken);

  void Publish(const OwnedPartitions& owned, bool connected, kafka::InputConsumer& consumer);
  void PublishNowAndThen(const OwnedPartitions& owned, bool connected,
                         kafka::InputConsumer& consumer);

  /// Tells the group where it is. Nothing of ours reads that.
  void ShowPositions(const OwnedPartitions& owned, kafka::InputConsumer& consumer);
  void GivenAway(kafka::Partition partition) { shown_.erase(partition); }

 private:
  metrics::SinkPartition& Row(kafka::Partition partition);

  metrics::SinkBoard& board_;
  const Clock& clock_;
  metrics::SinkSnapshot snapshot_;
  Positions shown_;
  std::chrono::steady_clock::time_point next_{};
};

}  // namespace semel::sink
