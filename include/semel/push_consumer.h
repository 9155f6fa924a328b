// Messages as they come, handled on a thread of their own.
#pragma once

#include <chrono>
#include <memory>

#include "semel/consumer.h"
#include "semel/handler.h"

namespace semel {

/// For many messages: what was handled is committed every second, when partitions go elsewhere, and
/// at the end; after a crash up to a second's messages come again.
/// Threads: all calls from any, Open and Start once.
class PushConsumer {
 public:
  /// Errors: kFix.
  static Result<std::unique_ptr<PushConsumer>> Open(ConsumerOptions consumer,
                                                    HandlerOptions options);
  PushConsumer(const PushConsumer&) = delete;
  PushConsumer& operator=(const PushConsumer&) = delete;
  /// Stops, and waits for the handler to return; within 35 s after that.
  ~PushConsumer();

  /// Calls `handler` on a new thread. The rebalance functions are called there too.
  /// Errors: kFix when it was started before.
  Result<void> Start(Handler handler);

  /// Asks it to end after the message that is handled now, and leaves the group. Does not wait.
  void Stop();

  /// True from Start until it has ended, for whatever reason.
  bool running() const;

  /// Waits until it has ended; forever, if nobody calls Stop and no error happens. The error it
  /// ended with, as SingleConsumer::Run returns it. Not from within the handler.
  Result<void> Wait();

 private:
  class Impl;
  explicit PushConsumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace semel
