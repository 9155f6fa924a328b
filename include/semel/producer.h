// Writes messages to Kafka, and tells what became of each.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "semel/log.h"
#include "semel/outgoing_message.h"
#include "semel/result.h"

namespace semel {

/// What became of a message. `topic` is valid during the callback only.
struct Delivery {
  std::string_view topic{};
  std::int32_t partition = -1;
  std::int64_t offset = -1;        ///< -1 when it was not delivered, and with acks=0
  std::int64_t timestamp_ms = -1;  ///< as the topic has it
  std::uint64_t tag = 0;
  /// Set when the message was not delivered; names topic and partition, and says whether the
  /// message may be in the topic all the same, so that sending it again could repeat it.
  std::optional<Error> error{};
};

/// Must not throw. May call Send; Flush and Close refuse to work in there.
using DeliveryFunction = std::function<void(const Delivery&)>;

/// Where a message is now.
struct Delivered {
  std::int32_t partition = -1;
  std::int64_t offset = -1;        ///< -1 with acks=0
  std::int64_t timestamp_ms = -1;  ///< as the topic has it
};

enum class WhenFull : std::uint8_t {
  kWait,    ///< Send waits for room, at most for the delivery timeout
  kRefuse,  ///< Send returns an error with Action::kRetry at once
};

struct ProducerOptions {
  std::string brokers;  ///< HOST:PORT[,HOST:PORT...]

  /// librdkafka properties. They win over the defaults of this library, which are:
  ///   acks=all, enable.idempotence=true   what was acknowledged is on all in-sync replicas, once
  ///   max.in.flight.requests.per.connection=1
  ///   compression.type=lz4, linger.ms=20, partitioner=murmur2_random
  ///   message.timeout.ms, queue.buffering.max.*: the fields below
  /// `retries` has no limit but the delivery timeout. It can be set, as in retries=10; that is not
  /// the default because librdkafka tries again every 100 ms: a broker that lacks in-sync replicas
  /// for one second would then lose the message.
  std::map<std::string, std::string> properties{};

  /// How long a message is tried before it counts as not delivered. At least 1 ms.
  std::chrono::milliseconds delivery_timeout{120'000};

  /// What the queue of messages that are not acknowledged holds at most. A message that is larger
  /// than the whole queue is refused. `queue_bytes` is rounded up to 1024. Beside it, as many
  /// reports may wait for their callback as `queue_messages`.
  std::size_t queue_messages = 100'000;
  std::size_t queue_bytes = std::size_t{128} << 20U;
  WhenFull when_full = WhenFull::kWait;

  /// Called once for each message that Send took, unless it was sent with a function of its own or
  /// for a result. Empty: failures are told by Flush and Close only.
  DeliveryFunction on_delivery{};

  LogFunction log{};  ///< empty: warnings and errors go to stderr
};

/// Order and repetition: with the default properties, the messages of one partition that one thread
/// sends are written in that order, each once, whatever brokers and network do. A message that was
/// not delivered leaves a gap, never a swap.
///
/// Nothing is lost silently: each message that Send took has its function called, or its future
/// made ready, exactly once; and the next Flush or Close returns an error if any was not delivered.
/// One case apart: a thread of librdkafka that is stuck at Close, as in a name look-up, may keep
/// messages to itself. Close counts them in its error; on_delivery is not called for them.
///
/// Threads: Send, Poll, Flush and undelivered from any, at once; Close beside them, once. Functions
/// for deliveries are called within Send, Poll, Flush, Close and the destructor only, on the thread
/// that called it, one at a time, those of a partition in order. The producer has a thread that
/// takes librdkafka's reports while the program does not; it makes futures ready and never calls
/// the program's code, `log` excepted.
///
/// Cost: no memory is allocated for a message but librdkafka's own, unless it has headers, a
/// function of its own, or a future.
class Producer {
 public:
  /// Does not wait for the brokers. Errors: kFix, naming the property or option; kFail when
  /// resources are missing.
  static Result<Producer> Open(ProducerOptions options);

  Producer(Producer&&) noexcept;
  Producer& operator=(Producer&&) noexcept;
  /// Without a Close before it: gives what is under way one second, and logs a warning with the
  /// number of messages that were not delivered. Ends within 5 s, callbacks not counted.
  ~Producer();

  /// Queues a message. Also calls the functions of deliveries that are known.
  /// Errors, after which the message is not sent and no function is called for it: kRetry: the
  /// queue is full; kRejectRecord: too large; kFix: topic, partition, timestamp or tag is not
  /// valid, or the producer is closed; kFail: it is broken, open another.
  Result<void> Send(const OutgoingMessage& message);

  /// The same; `on_delivery` is called in place of ProducerOptions::on_delivery.
  Result<void> Send(const OutgoingMessage& message, DeliveryFunction on_delivery);

  /// The same; the future becomes ready without any further call, within the delivery timeout and
  /// a second, and holds the error if the message was not taken or not delivered.
  std::future<Result<Delivered>> SendForResult(const OutgoingMessage& message);

  /// Calls the functions of deliveries that are known; while there are none, waits for some, up to
  /// `timeout`. Returns how many were called. For programs that send rarely.
  std::size_t Poll(std::chrono::milliseconds timeout);

  /// Sends at once whatever waits for linger.ms, and returns when every message has been reported
  /// on, those included that other threads send meanwhile, and its function has returned.
  /// Errors: how many messages were not delivered since the last Flush, and the first one's error;
  /// or how many are still under way after `timeout`: these go on, and can be flushed again.
  Result<void> Flush(std::chrono::milliseconds timeout);

  /// Flushes. What is not delivered after `timeout` is given up: its functions are called, its
  /// futures are ready, and the error says how many, and the first one's error. Sending is over
  /// from the beginning of the call on. Takes at most a second more than `timeout`. A second Close
  /// does nothing.
  Result<void> Close(std::chrono::milliseconds timeout);

  /// New values of sasl.username and sasl.password (PLAIN and SCRAM), for the connections that are
  /// made from now on.
  void SetCredentials(const std::string& username, const std::string& password);

  /// Messages that Send took and that are not reported on, or whose function has not returned.
  std::size_t undelivered() const;

 private:
  class Impl;
  explicit Producer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace semel
