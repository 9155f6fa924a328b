// The only way to ask the time, and to let it pass, so that tests and simulations can set it.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

namespace semel {

/// Threads: any.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Milliseconds since the epoch; may jump.
  virtual std::int64_t WallMs() const = 0;
  /// Never goes back; for waits and deadlines.
  virtual std::chrono::steady_clock::time_point Now() const = 0;
  virtual void Sleep(std::chrono::milliseconds time) const = 0;
};

class SystemClock final : public Clock {
 public:
  std::int64_t WallMs() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  std::chrono::steady_clock::time_point Now() const override {
    return std::chrono::steady_clock::now();
  }
  void Sleep(std::chrono::milliseconds time) const override { std::this_thread::sleep_for(time); }
};

}  // namespace semel
