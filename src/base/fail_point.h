// Named places where a test can kill the process, make it pause or make a step fail. Off unless
// armed.
#pragma once

#include <string_view>

#include "semel/result.h"

namespace semel::fail_point {

/// Arms `spec`: comma-separated NAME:ACTION[:HIT]. ACTION is `kill` (SIGKILL to ourselves), `stop`
/// (SIGSTOP to ourselves) or `fail` (Fails() answers true). HIT counts from 1 (the default); `fail`
/// holds for that hit only.
/// Errors: kFix when the spec cannot be read. Threads: before any other thread starts.
Result<void> Arm(std::string_view spec);

/// Passes the place `name`: kills or stops the process if that is armed for this hit. True when the
/// step is to fail. Cost when nothing is armed: one relaxed load. Threads: any.
[[nodiscard]] bool Fails(std::string_view name);

/// The same where there is no step that could fail.
inline void Pass(std::string_view name) { static_cast<void>(Fails(name)); }

}  // namespace semel::fail_point
