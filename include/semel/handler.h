// What SingleConsumer, BatchConsumer and PushConsumer have in common.
//
// They hand messages to a function and commit their offsets when it returned without an error. The
// offset of a message whose handler failed is never committed: it is tried again, goes to a
// dead-letter function, or the consumer stops with the error, and the message comes again at the
// next start.
//
// While a handler works nobody polls. One message (or batch), with its attempts and the waits
// between them, must take less than max.poll.interval.ms (5 minutes); else the group gives the
// partitions to others, which see the message again.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "semel/message.h"
#include "semel/result.h"

namespace semel {

/// Must not throw.
/// Threads: called on the one that called Run, or on that of a PushConsumer; one call at a time.
using Handler = std::function<Result<void>(const Message&)>;

struct HandlerOptions {
  /// What is subscribed to; ^ begins a regular expression.
  std::vector<std::string> topics{};
  /// How often a message is given to the handler before it counts as failed; at least 1.
  int attempts = 1;
  /// The wait before each further attempt.
  std::chrono::milliseconds backoff{100};
  /// Takes a message that failed, with the last error. When it succeeds the message counts as done,
  /// so the message has to be in safety by then: a producer has to wait for acks=all. When it fails
  /// the consumer stops. Without one, the consumer stops with the handler's error. Threads: as the
  /// handler.
  std::function<Result<void>(const Message&, const Error&)> dead_letter{};
  /// Ends when each partition was read to its end once.
  bool until_end = false;
};

}  // namespace semel
