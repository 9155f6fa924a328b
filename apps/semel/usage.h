// How the command line explains itself: --help, and what is said of a wrong one.
#pragma once

#include <CLI/CLI.hpp>

namespace semel::app {

/// Before subcommands are added: they inherit it.
void ExplainUsage(CLI::App& app);

}  // namespace semel::app
