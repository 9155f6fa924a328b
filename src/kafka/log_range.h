// Where a partition's log begins and ends.
#pragma once

#include <string>

#include "kafka/deadline.h"
#include "kafka/instance.h"

namespace semel::kafka {

struct LogRange {
  Offset low = 0;
  Offset end = 0;  ///< as the isolation level of the client that asks sees it
};

/// Errors: kRetry, kConnect, kStop (no such topic or partition).
Result<LogRange> AskLogRange(const Instance& instance, const std::string& topic,
                             Partition partition, const Deadline& deadline);

/// The error of a question about a partition: one that is not there stays so.
Error OfPartition(Error error, rd_kafka_resp_err_t code);

}  // namespace semel::kafka
