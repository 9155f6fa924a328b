// The one interface through which a lane sees the database. Rows and positions change in the same
// transaction or not at all.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "kafka/client.h"
#include "semel/result.h"

namespace semel::sink {

/// The next offset of each partition.
using Positions = std::map<kafka::Partition, kafka::Offset>;

/// Where a partition is believed to be, and where it is afterwards.
struct Move {
  kafka::Offset from = 0;
  kafka::Offset to = 0;
};

/// Errors of all calls: kRetry: a passing fault, or the connection is lost (see open); kConnect: we
/// are refused; kFix: table or column is not there; kStop: the positions are another table's.
/// After any error what was begun is void: RollBack, or Open again. Threads: one at a time.
class Database {
 public:
  Database() = default;
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  virtual ~Database() = default;

  /// Connects, instead of a connection that was there before.
  virtual Result<void> Open() = 0;
  virtual bool open() const = 0;

  /// Ends sessions of the group that have begun to send rows and do not go on, as those of a
  /// process that is paused: the rows that they sent may be in the way of others.
  virtual Result<void> EndAbandoned() = 0;

  /// Of all partitions of the topic that have one. Errors: also kStop: there are none, and another
  /// group writes the topic to the same table.
  virtual Result<Positions> Read() = 0;
  /// Makes those that are not there yet; the others stay as they are.
  virtual Result<void> Create(const Positions& positions) = 0;

  /// Adds rows, whole lines of COPY's text format, to the open transaction; begins one where there
  /// is none. The server works on them after it has returned. What it refuses is told by End.
  virtual Result<void> Put(std::string_view lines) = 0;
  /// How many rows the table got; fewer than were put where copies were there already.
  /// Errors: also kRejectRecord: one of the rows is refused, the text says why.
  virtual Result<std::uint64_t> End() = 0;
  /// Put and End for some rows that are not to harm the others: refused, they leave no trace and
  /// the transaction goes on.
  virtual Result<std::uint64_t> Try(std::string_view lines) = 0;

  /// Moves the positions and commits, in one step of the server: nothing of ours can happen in
  /// between. Errors: also kFenced: a partition is not where it was believed to be, so somebody
  /// else works on it; nothing was written. After kRetry the outcome is unknown: the positions
  /// tell, once they were read again.
  virtual Result<void> Commit(const std::map<kafka::Partition, Move>& moves) = 0;
  virtual void RollBack() = 0;

  /// The statements with which a person moves a position, and makes those that are missing.
  virtual std::string MoveCommand(kafka::Partition partition, const Move& move) const = 0;
  virtual std::string CreateCommand(const Positions& positions) const = 0;
};

}  // namespace semel::sink
