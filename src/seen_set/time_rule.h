// The time rule, shared by every seen-set wherever it lives: docs say "found" and mean present and
// still remembered. Times are > 0, so that differences of two of them never overflow.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "semel/seen_set.h"

namespace semel {

/// Width of a time bucket in milliseconds.
constexpr std::int64_t BucketWidth(std::int64_t window_ms) {
  return std::max<std::int64_t>(1, window_ms / 64);
}

/// Index of the bucket that `time_ms` lies in; rounds down below zero too.
constexpr std::int64_t BucketOf(std::int64_t time_ms, std::int64_t width_ms) {
  return time_ms / width_ms - (time_ms % width_ms < 0 ? 1 : 0);
}

/// Oldest bucket that is still remembered.
constexpr std::int64_t OldestBucket(std::int64_t stream_time_ms, std::int64_t window_ms) {
  return BucketOf(stream_time_ms - window_ms, BucketWidth(window_ms));
}

/// Judges a sighting at `time_ms`; `found`: first time of the remembered entry, if there is one.
/// `stream_time_ms` includes this sighting.
constexpr Verdict JudgeTime(std::optional<std::int64_t> found, std::int64_t time_ms,
                            std::int64_t stream_time_ms, std::int64_t window_ms) {
  if (found) {
    const std::int64_t age = time_ms - *found;
    if (age > window_ms) return Verdict::kUnique;
    return age >= -window_ms ? Verdict::kDuplicate : Verdict::kLate;
  }
  return time_ms >= stream_time_ms - window_ms ? Verdict::kUnique : Verdict::kLate;
}

}  // namespace semel
