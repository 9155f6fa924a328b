// Messages one at a time, each committed before the next one.
#pragma once

#include <memory>

#include "semel/consumer.h"
#include "semel/handler.h"

namespace semel {

/// For few messages that are costly to repeat: after a crash at most one that was handled comes
/// again. Each waits for its commit, hence some hundred messages a second. Messages are fetched as
/// soon as there is one (fetch.min.bytes=1, fetch.wait.max.ms=500, unless the properties differ).
/// Threads: one at a time, Stop excepted.
class SingleConsumer {
 public:
  /// Errors: kFix.
  static Result<std::unique_ptr<SingleConsumer>> Open(ConsumerOptions consumer,
                                                      HandlerOptions options);
  SingleConsumer(const SingleConsumer&) = delete;
  SingleConsumer& operator=(const SingleConsumer&) = delete;
  /// Within 5 s.
  ~SingleConsumer();

  /// Calls `handler` on this thread until Stop, the end (see HandlerOptions::until_end) or an
  /// error; then leaves the group. To be called once. Errors: the handler's, and those of
  /// Consumer::Poll and Commit. A commit that only failed to reach the brokers in time is logged
  /// instead.
  Result<void> Run(const Handler& handler);

  /// Run returns after the message that is handled now. Threads: any, the handler's too.
  void Stop();

 private:
  class Impl;
  explicit SingleConsumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace semel
