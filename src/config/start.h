// Where reading begins: the value of --start, and places in a log.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "semel/consumer.h"
#include "semel/result.h"

namespace semel::config {

struct Start {
  enum class Kind : std::uint8_t { kEarliest, kLatest, kTime };
  Kind kind = Kind::kEarliest;
  std::int64_t time_ms = 0;  ///< since the epoch; of kTime only

  friend bool operator==(const Start&, const Start&) = default;
};

/// `earliest`, `latest`, milliseconds since the epoch, a date (its midnight in UTC), or an ISO 8601
/// time with its zone: `2026-11-23T09:28:33.123Z`, `2026-11-23T12:28:33+03:00`.
/// Errors: kFix, naming the text and these forms.
Result<Start> ParseStart(std::string_view text);

/// `beginning`, `end`, an offset, or a time as above but not in milliseconds. Nothing for another
/// text.
std::optional<Place> ParsePlace(std::string_view text);

}  // namespace semel::config
