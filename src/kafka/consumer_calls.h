// What every consumer does alike with librdkafka: leaving a group, moving, saying what is wrong.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "kafka/deadline.h"
#include "kafka/instance.h"
#include "semel/message.h"

namespace semel::kafka {

/// Of the group's protocol; false before the first join.
bool Cooperative(const Instance& instance);

/// Answers the rebalances that were announced. It runs between polls: the group waits for it.
using CarryOut = std::function<Result<void>()>;

/// After rd_kafka_unsubscribe, until the LeaveGroup is sent. librdkafka's close sends none for a
/// static member (KIP-345), so that the others would wait for the session's end; unsubscribing
/// does. What is polled meanwhile is dropped. `what` is tried.
Result<void> WaitUntilLeft(const Instance& instance, const std::string& what,
                           const Deadline& deadline, const CarryOut& carry_out);

/// Closes the consumer, which waits for the answer to the LeaveGroup. Never blocks in
/// rd_kafka_consumer_close, which can hang.
Result<void> WaitUntilClosed(const Instance& instance, const std::string& what,
                             const Deadline& deadline, const CarryOut& carry_out);

/// Moves partitions that are fetched. One whose fetching has only just begun refuses to be moved:
/// tried again.
Result<void> MoveTo(const Instance& instance, Offsets offsets, const Deadline& deadline);

/// The error code of what came in a record's place; of a fatal one, what it was.
rd_kafka_resp_err_t CodeOf(const Instance& instance, const rd_kafka_message_t& message);
bool IsOutOfRange(rd_kafka_resp_err_t code);

struct NotThere {
  std::string text;      ///< "orders [3]: offset 5 is not there; the log is from 7 to 9"
  bool removed = false;  ///< it lies below the start of the log
};

/// Where an offset lies that is out of range. Asks the brokers, within a second.
NotThere LookFor(const Instance& instance, const std::string& topic, Partition partition,
                 Offset offset);

/// What came in a record's place while `what` was tried; nothing where librdkafka gets over it
/// (then it is logged).
std::optional<Error> ReadError(const Instance& instance, const rd_kafka_message_t& message,
                               const std::string& what);

}  // namespace semel::kafka
