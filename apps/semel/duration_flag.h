// Durations as values of options.
#pragma once

#include <CLI/CLI.hpp>

namespace semel::app {

/// Turns what the user wrote (7d) into the milliseconds that the option's variable holds.
CLI::Validator Duration();

}  // namespace semel::app
