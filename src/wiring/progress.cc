#include "wiring/progress.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace semel {
namespace {

constexpr std::chrono::milliseconds kPeriod{200};

}  // namespace

Progress::Progress(Terminal& terminal, std::function<std::string()> describe)
    : terminal_(terminal), describe_(std::move(describe)) {
  if (terminal_.interactive())
    thread_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
}

Progress::~Progress() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  terminal_.SetStatus({});
}

void Progress::Run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    terminal_.SetStatus(describe_());
    stopped.wait_for(lock, stop, kPeriod, [] { return false; });
  }
}

}  // namespace semel
