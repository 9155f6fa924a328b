// A point in time that a series of calls has to keep, for librdkafka's int milliseconds.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace semel::kafka {

class Deadline {
 public:
  explicit Deadline(std::chrono::milliseconds timeout)
      : end_(SystemClock{}.Now() + std::min(timeout, kLongest)) {}

  /// Milliseconds left, never negative.
  int LeftMs() const {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end_ - SystemClock{}.Now()).count();
    return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left, 0));
  }
  /// The same, but at most `slice`: for waits that look up now and then.
  int SliceMs(int slice) const { return std::min(LeftMs(), slice); }
  bool passed() const { return LeftMs() == 0; }

 private:
  static constexpr std::chrono::milliseconds kLongest = std::chrono::hours{24};
  std::chrono::steady_clock::time_point end_;
};

}  // namespace semel::kafka
