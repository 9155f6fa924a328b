// What the consumers with a handler share: attempts, dead letters, commits, and when to end.
#pragma once

#include <memory>
#include <stop_token>

#include "client/function_logger.h"
#include "semel/consumer.h"
#include "semel/handler.h"

namespace semel {

class HandlerLoop {
 public:
  /// `defaults`: properties that the program's win over. Subscribes.
  static Result<std::unique_ptr<HandlerLoop>> Open(ConsumerOptions consumer, HandlerOptions options,
                                                   std::map<std::string, std::string> defaults);

  Consumer& consumer() { return consumer_; }
  const HandlerOptions& options() const { return options_; }

  /// Threads: any.
  void Stop();
  bool stopped() const { return stop_.stop_requested(); }
  bool GoesOn() const { return !stopped() && !(options_.until_end && consumer_.AtEnd()); }

  /// As many attempts as are allowed. Ends early, with the last error, when it is stopped.
  Result<void> Try(const std::function<Result<void>()>& attempt);
  /// The message is done when this returns without an error.
  Result<void> HandleOne(const Message& message, const Handler& handler);

  /// An error only where going on makes no sense: what is not committed comes again.
  Result<void> Commit(const Offsets& offsets);

  /// Leaves the group. Whatever `result` is, it is returned.
  Result<void> End(Result<void> result);

 private:
  HandlerLoop(Consumer consumer, HandlerOptions options, LogFunction log)
      : consumer_(std::move(consumer)), options_(std::move(options)), logger_(std::move(log)) {}

  Consumer consumer_;
  HandlerOptions options_;
  FunctionLogger logger_;
  std::stop_source stop_;
};

}  // namespace semel
