#include "wiring/stop_signals.h"

#include <unistd.h>

#include <csignal>
#include <optional>
#include <utility>

#include "config/duration.h"

namespace semel {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kEndedBySignal = 130;
constexpr timespec kLook{0, 100'000'000};

}  // namespace

StopSignals::StopSignals(Logger& logger, std::string forced, std::chrono::milliseconds hangs,
                         std::function<void()> hangup)
    : logger_(logger), forced_(std::move(forced)), hangs_(hangs), hangup_(std::move(hangup)) {
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::jthread([this](const std::stop_token& end) { Run(end); });
}

StopSignals::~StopSignals() {
  thread_.request_stop();
  thread_.join();
  const sigset_t signals = Signals();
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
}

sigset_t StopSignals::Signals() const {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (hangup_) sigaddset(&signals, SIGHUP);
  return signals;
}

void StopSignals::Run(const std::stop_token& end) {
  const sigset_t signals = Signals();
  bool signalled = false;
  std::optional<SteadyClock::time_point> since;
  while (!end.stop_requested()) {
    const int signal = sigtimedwait(&signals, nullptr, &kLook);
    if (signal == SIGHUP) {
      hangup_();
    } else if (signal > 0) {
      if (signalled) _exit(kEndedBySignal);
      signalled = true;
      logger_.Info("stopping; once more to end at once",
                   {{"signal", signal == SIGINT ? "SIGINT" : "SIGTERM"}});
      source_.request_stop();
    }
    if (!source_.stop_requested()) continue;
    if (!since) since = SteadyClock::now();
    if (SteadyClock::now() - *since < hangs_) continue;
    logger_.Error("did not end within " + config::FormatDuration(hangs_) +
                  " of the stop: ended by force. " + forced_);
    _exit(exit_code_);
  }
}

}  // namespace semel
