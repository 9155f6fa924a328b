// Replaces operator new, so that a test can count how often the program allocates.
#pragma once

#include <cstddef>

namespace semel::testing {

/// How often operator new was called so far.
std::size_t Allocations();

}  // namespace semel::testing
