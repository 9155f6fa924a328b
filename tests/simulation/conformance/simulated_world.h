#pragma once

#include <functional>

#include "world.h"

namespace semel::conformance {

/// False, and a word on standard error, when `play` did not come to its end.
bool InSimulatedWorld(const std::function<void(World&)>& play);

}  // namespace semel::conformance
