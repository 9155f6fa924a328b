// Where partitions begin: in the database, or, before the first row, where the operator says.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "config/start.h"
#include "kafka/client.h"
#include "sink/database.h"

namespace semel::sink {

/// Threads: one at a time.
class StartPositions {
 public:
  struct Parts {
    Database& database;
    kafka::LogReader& reader;
    std::string topic;
    int partitions = 0;  ///< of the topic, at the start
    config::Start start;
  };
  explicit StartPositions(Parts parts) : parts_(std::move(parts)) {}

  /// The positions of the topic, those of `owned` among them; makes those that are missing, but for
  /// those that were there before: a position that goes back to its start would repeat rows, or
  /// skip records. Errors: those of Database and LogReader; kStop where a position or the input is
  /// not there any more.
  Result<Positions> Read(const std::vector<kafka::Partition>& owned);

  /// The position that a commit left.
  void Committed(kafka::Partition partition, kafka::Offset offset) { seen_[partition] = offset; }

  /// Where each partition of the topic ends (last stable offset); logs what lies behind an open
  /// transaction.
  Result<Positions> Ends(Logger& log);

 private:
  Result<Positions> First(const Positions& known, const std::vector<kafka::Partition>& owned);
  Result<kafka::Offset> StartOf(kafka::Partition partition, const config::Start& start);
  Result<void> CheckIsThere(kafka::Partition partition, kafka::Offset offset);
  Result<void> CheckNoneIsGone(const Positions& known);

  const Parts parts_;
  Positions seen_;  // the last that this process knows of
};

}  // namespace semel::sink
