// The time by which a record is judged: a property of the record, never of the moment of
// processing, so that a replay decides as the first run did.
#pragma once

#include <cstdint>

namespace semel::pipeline {

/// How far ahead of the clock a timestamp may be. One record from the far future would otherwise
/// expire everything that is remembered. The default of Kafka's message.timestamp.after.max.ms.
inline constexpr std::int64_t kClockSkewMaxMs = 3'600'000;

/// The record's timestamp; the clock where that is absent, not positive, or more than 1 h ahead.
constexpr std::int64_t EffectiveTime(std::int64_t timestamp_ms, std::int64_t now_ms) {
  return timestamp_ms <= 0 || timestamp_ms > now_ms + kClockSkewMaxMs ? now_ms : timestamp_ms;
}

}  // namespace semel::pipeline
