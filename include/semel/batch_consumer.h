// Messages in batches, each committed as a whole.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <span>

#include "semel/consumer.h"
#include "semel/handler.h"

namespace semel {

/// Must not throw.
using BatchHandler = std::function<Result<void>(std::span<const Message>)>;

struct BatchOptions {
  /// A batch has at least so many messages, and at most 1000 or this, whichever is more.
  std::size_t min_messages = 10;
  /// A batch that has at least one message goes to the handler after this time, however few it has;
  /// with 0, at once.
  std::chrono::milliseconds max_wait{5000};
};

/// Brokers wait for a kilobyte (fetch.min.bytes=1024, fetch.wait.max.ms=5000, unless the properties
/// differ). A batch whose handler failed is tried again as a whole. With a dead-letter function its
/// messages are then tried one by one, and only those that fail go there; so some may be handled
/// twice.
/// Threads: one at a time, Stop excepted.
class BatchConsumer {
 public:
  /// Errors: kFix.
  static Result<std::unique_ptr<BatchConsumer>> Open(ConsumerOptions consumer,
                                                     HandlerOptions options,
                                                     BatchOptions batch = {});
  BatchConsumer(const BatchConsumer&) = delete;
  BatchConsumer& operator=(const BatchConsumer&) = delete;
  /// Within 5 s.
  ~BatchConsumer();

  /// As SingleConsumer::Run. At Stop, messages of a batch that is not complete are left for the
  /// next start.
  Result<void> Run(const BatchHandler& handler);

  /// Run returns after the batch that is handled now. Threads: any, the handler's too.
  void Stop();

 private:
  class Impl;
  explicit BatchConsumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace semel
