// Reads its share of a topic and writes it to a table, exactly once: the positions are in the
// database, and move in the transaction that the rows are in.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "config/start.h"
#include "kafka/client.h"
#include "metrics/sink_snapshot.h"
#include "postgres/row_encoder.h"
#include "sink/database.h"
#include "sink/dead_letters.h"
#include "sink/row_writer.h"

namespace semel::sink {

struct LaneSettings {
  std::string from;
  std::string table;
  int partitions = 0;  ///< of the topic, at the start
  std::chrono::milliseconds commit_interval{200};
  OnInvalid on_invalid = OnInvalid::kFail;
  config::Start start;  ///< of partitions that have no position yet
  bool until_end = false;
};

/// What it works with. Everything referred to must outlive it.
struct LaneParts {
  kafka::Client& client;
  Database& database;
  DeadLetters* letters;  ///< null unless OnInvalid::kTopic
  const LaneSettings& settings;
  metrics::SinkBoard& board;
  const Clock& clock;
  Logger& log;
};

/// Threads: Run on one thread.
class Lane {
 public:
  Lane(const LaneParts& parts, postgres::RowEncoder encoder);
  ~Lane();

  /// Until it is told to stop, or its end is reached: what is open is then committed. A database
  /// that is away is waited for. Errors: kStop (with the offset), kConnect, kFix, kFail.
  Result<void> Run(const std::stop_token& stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace semel::sink
