// SIGINT and SIGTERM as a request to stop in good order, and the way out when that hangs; SIGHUP as
// a request to read secrets again.
#pragma once

#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/log.h"

namespace semel {

/// Of who commits what is done.
inline constexpr const char* kReadAgain = "What was not committed is read again at the next start";

/// Create it before any other thread: threads inherit that the signals are blocked.
/// The first signal requests the stop; the second ends the process at once (exit code 130). When
/// this object is still there `hangs` after a stop was requested by whomever, the process is ended,
/// and `forced` tells what that means for the messages.
/// `hangup` is called at each SIGHUP, on a thread of this object; without it SIGHUP does what it
/// does without this object.
/// Threads: RequestStop and token: any.
class StopSignals {
 public:
  StopSignals(Logger& logger, std::string forced,
              std::chrono::milliseconds hangs = std::chrono::seconds{15},
              std::function<void()> hangup = {});
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  std::stop_token token() const { return source_.get_token(); }
  void RequestStop() { source_.request_stop(); }

  /// The exit code of a process that has to be ended.
  void SetExitCode(int code) { exit_code_ = code; }

 private:
  sigset_t Signals() const;
  void Run(const std::stop_token& end);

  Logger& logger_;
  const std::string forced_;
  const std::chrono::milliseconds hangs_;
  const std::function<void()> hangup_;
  std::stop_source source_;
  std::atomic<int> exit_code_ = 1;
  std::jthread thread_;
};

}  // namespace semel
