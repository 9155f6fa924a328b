// Durations on the command line: 100ms, 30s, 15m, 24h, 7d.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

namespace semel::app {

/// Milliseconds; empty for anything but a positive whole number with a unit.
std::optional<std::int64_t> ParseDuration(std::string_view text);

/// For an option whose variable holds milliseconds.
CLI::Validator Duration();

}  // namespace semel::app
