// Where a partition's log begins and ends, and what lies where in it.
#pragma once

#include <optional>
#include <string>

#include "kafka/deadline.h"
#include "kafka/instance.h"

namespace semel::kafka {

struct LogRange {
  Offset low = 0;
  Offset end = 0;  ///< as the isolation level of the client that asks sees it
};

/// Errors: kRetry, kConnect, kStop (no such topic or partition, and none came in two seconds).
Result<LogRange> AskLogRange(const Instance& instance, const std::string& topic,
                             Partition partition, const Deadline& deadline);

/// The first offset whose timestamp is at or after `time_ms`, if there is one. Errors: as above.
Result<std::optional<Offset>> AskOffsetAt(const Instance& instance, const std::string& topic,
                                          Partition partition, std::int64_t time_ms,
                                          const Deadline& deadline);

/// The error of a question about a partition: one that is not there stays so.
Error OfPartition(Error error, rd_kafka_resp_err_t code);

}  // namespace semel::kafka
