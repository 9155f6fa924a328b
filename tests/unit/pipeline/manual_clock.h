// A clock that stands still until somebody moves it: what waits for it never waits in real time.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace semel::testing {

inline constexpr std::int64_t kStartWallMs = 1'764'590'400'000;

/// Threads: one.
class ManualClock final : public Clock {
 public:
  std::int64_t WallMs() const override { return kStartWallMs + passed_.count(); }
  std::chrono::steady_clock::time_point Now() const override {
    return std::chrono::steady_clock::time_point{} + std::chrono::hours{1} + passed_;
  }
  void Sleep(std::chrono::milliseconds time) const override { Advance(time); }

  void Advance(std::chrono::milliseconds time) const { passed_ += time; }

 private:
  mutable std::chrono::milliseconds passed_{0};
};

}  // namespace semel::testing
