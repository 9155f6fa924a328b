// How much of something one client may have in a second.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <mutex>
#include <optional>

namespace semel::ingest {

/// Fills with `rate` tokens a second, up to one second's worth. A request passes while there is
/// any, and may take more than there are: what it owes, later ones wait for. So no batch is too
/// large to pass ever. Threads: any, at once.
class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  explicit TokenBucket(double rate) : rate_(rate), tokens_(rate) {}

  /// Nothing when it passes; else how long until one would.
  std::optional<std::chrono::seconds> Take(double tokens, Time now) {
    const std::lock_guard lock(mutex_);
    if (filled_)
      tokens_ =
          std::min(rate_, tokens_ + rate_ * std::chrono::duration<double>(now - *filled_).count());
    filled_ = now;
    if (tokens_ <= 0)
      return std::chrono::seconds(1 + static_cast<std::int64_t>(std::floor(-tokens_ / rate_)));
    tokens_ -= tokens;
    return std::nullopt;
  }

 private:
  const double rate_;
  std::mutex mutex_;
  double tokens_;
  std::optional<Time> filled_;
};

}  // namespace semel::ingest
