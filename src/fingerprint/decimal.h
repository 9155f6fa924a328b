// Numbers as they are hashed: one text for each value, whatever way it was written.
#pragma once

#include <string>
#include <string_view>

namespace semel {

/// Appends the canonical form of a JSON number, with its length before it: `0`, or
/// `[-]DIGITSeEXPONENT` with no zero at either end of DIGITS. Exact: no double is involved.
/// False: the exponent is beyond +-999,999,999; `out` is then undefined.
bool AppendDecimal(std::string_view number, std::string& out);

}  // namespace semel
