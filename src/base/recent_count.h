// How often something happened lately.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>

namespace semel {

/// Threads: one at a time.
class RecentCount {
 public:
  explicit RecentCount(std::chrono::steady_clock::duration period) : period_(period) {}

  /// Notes one more; how many there were within the period, this one included.
  std::size_t Add(std::chrono::steady_clock::time_point now) {
    times_.push_back(now);
    while (now - times_.front() > period_) times_.pop_front();
    return times_.size();
  }

 private:
  std::chrono::steady_clock::duration period_;
  std::deque<std::chrono::steady_clock::time_point> times_;
};

}  // namespace semel
