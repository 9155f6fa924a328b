// The flags that let a start go on that had stopped with exit code 4.
#pragma once

#include <CLI/CLI.hpp>
#include <vector>

#include "pipeline/policy.h"

namespace semel::app {

/// Adds --accept-gap, --accept-new-rule and --accept-new-partitions. Returns them, for commands
/// that restrict them further. `accepted` must outlive the parsing.
std::vector<CLI::Option*> AddAccepted(CLI::App& command, pipeline::Accepted& accepted);

}  // namespace semel::app
