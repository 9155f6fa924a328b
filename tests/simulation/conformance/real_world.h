#pragma once

#include <functional>
#include <string>

#include "world.h"

namespace semel::conformance {

/// `prefix` begins the names of all that is made.
bool InRealWorld(const std::string& brokers, const std::string& prefix,
                 const std::function<void(World&)>& play);

}  // namespace semel::conformance
