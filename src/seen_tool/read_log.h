// Reads a stretch of one partition, as it is to a read_committed reader.
#pragma once

#include <functional>
#include <string>

#include "kafka/client.h"

namespace semel::seen_tool {

inline constexpr kafka::Milliseconds kAskTimeout{30'000};

struct LogRange {
  std::string topic;
  kafka::Partition partition = 0;
  kafka::Offset from = 0;
  kafka::Offset to = 0;  ///< reads what lies before it
};

/// Gets one record, valid during the call.
using VisitLog = std::function<Result<void>(const kafka::LogRecord&)>;

/// Visits the committed records of `range` by offset. Waits for transactions that are open in it.
/// Errors: what `visit` returned; kStop when a transaction stays open for longer than any can,
/// kConnect when the brokers send nothing for a minute.
Result<void> ReadLog(kafka::LogReader& reader, const LogRange& range, const VisitLog& visit);

/// The ends of a partition, once no transaction is open before its high watermark.
/// Errors: kStop when one stays open.
Result<kafka::Watermarks> AwaitStable(kafka::LogReader& reader, const std::string& topic,
                                      kafka::Partition partition);

/// The group's committed offsets of these input partitions, once none of them is pending.
Result<std::map<kafka::Partition, kafka::CommittedOffset>> AwaitCommitted(
    kafka::LogReader& reader, std::span<const kafka::Partition> partitions);

}  // namespace semel::seen_tool
