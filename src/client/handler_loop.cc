#include "client/handler_loop.h"

#include <condition_variable>
#include <mutex>

namespace semel {
namespace {

constexpr std::chrono::seconds kCommitWithin{30};
constexpr std::chrono::seconds kCloseWithin{5};

// False when it was stopped before the time was over.
bool Sleep(std::chrono::milliseconds time, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait_for(lock, stop, time, [] { return false; });
  return !stop.stop_requested();
}

}  // namespace

Result<std::unique_ptr<HandlerLoop>> HandlerLoop::Open(
    ConsumerOptions consumer, HandlerOptions options, std::map<std::string, std::string> defaults) {
  if (options.attempts < 1) return Error{Action::kFix, "attempts: at least 1"};
  if (options.topics.empty()) return Error{Action::kFix, "topics: none are given"};
  consumer.properties.merge(defaults);
  LogFunction log = consumer.log;
  SEMEL_TRY_ASSIGN(Consumer opened, Consumer::Open(std::move(consumer)));
  SEMEL_TRY(opened.Subscribe(options.topics));
  return std::unique_ptr<HandlerLoop>(
      new HandlerLoop(std::move(opened), std::move(options), std::move(log)));
}

void HandlerLoop::Stop() {
  stop_.request_stop();
  consumer_.Wake();
}

Result<void> HandlerLoop::Try(const std::function<Result<void>()>& attempt) {
  Result<void> result = attempt();
  for (int made = 1; !result && made < options_.attempts; ++made) {
    logger_.Warning("the handler failed; trying again", {{"error", result.error().message}});
    if (!Sleep(options_.backoff, stop_.get_token())) break;
    result = attempt();
  }
  return result;
}

Result<void> HandlerLoop::HandleOne(const Message& message, const Handler& handler) {
  const Result<void> done = Try([&] { return handler(message); });
  // Stopped before all attempts were made: not for the dead letters yet.
  if (done || !options_.dead_letter || (stopped() && options_.attempts > 1)) return done;
  logger_.Warning("the handler failed; to the dead letters", {{"error", done.error().message}});
  return options_.dead_letter(message, done.error());
}

Result<void> HandlerLoop::Commit(const Offsets& offsets) {
  if (offsets.empty()) return {};
  Result<void> done = consumer_.Commit(offsets, kCommitWithin);
  if (done || (done.error().action != Action::kAbort && done.error().action != Action::kRetry))
    return done;
  logger_.Warning("not committed; the messages may come again", {{"error", done.error().message}});
  return {};
}

Result<void> HandlerLoop::End(Result<void> result) {
  const Result<void> left = consumer_.Close(kCloseWithin);
  if (!left)
    logger_.Warning("could not leave the group; it will notice at the end of the session",
                    {{"error", left.error().message}});
  return result;
}

}  // namespace semel
