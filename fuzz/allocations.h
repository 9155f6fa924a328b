// What a parser asks the heap for. A length that a text claims must not be paid for before the text
// has shown what it claims.
#pragma once

#include <cstddef>

namespace semel::fuzz {

/// Bytes of the largest block that this thread asked for since the last call.
std::size_t LargestAllocation();

}  // namespace semel::fuzz
