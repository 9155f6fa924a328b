// Frees a changelog partition, and with it the group's offsets, from the open transaction of an
// owner that is dead or paused.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"

namespace semel::pipeline {

/// Brokers look for expired transactions only every 10 s; initialising the transactional id that
/// the log's own records name ends the transaction at once. Safe against a live owner: it is
/// fenced, replaces its producer and goes on. One object for each partition that waits.
class BlockedLog {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  BlockedLog(kafka::Client& client, Logger& log) : client_(client), log_(log) {}

  /// Call whenever the partition was found blocked: an undecided offset, or a log that ends before
  /// its high watermark. Does nothing in the first moments, in which a healthy commit completes.
  void Found(kafka::LogReader& reader, const std::string& topic, kafka::Partition partition,
             TimePoint now);

  void Cleared() { since_.reset(); }

 private:
  kafka::Client& client_;
  Logger& log_;
  std::optional<TimePoint> since_;
  TimePoint next_try_;
};

}  // namespace semel::pipeline
