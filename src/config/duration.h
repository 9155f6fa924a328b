// Durations as flags and settings files write them.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "semel/result.h"

namespace semel::config {

/// A whole number and a unit: `100ms`, `30s`, `15m`, `24h`, `7d`.
/// Errors: kFix, naming the text and the units.
Result<std::chrono::milliseconds> ParseDuration(std::string_view text);

/// The same way round, in the largest unit that loses nothing: 86,400,000 ms is `1d`.
std::string FormatDuration(std::chrono::milliseconds duration);

}  // namespace semel::config
