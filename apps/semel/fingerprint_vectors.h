// `semel fingerprint --vectors`: checks this program against a file of test vectors, which other
// programs that compute the same fingerprints are checked against too.
#pragma once

#include <iosfwd>
#include <string>

#include "semel/result.h"

namespace semel::app {

/// Writes a line for each vector of the file at `path` that comes out differently, and a line with
/// the counts. False: there was at least one.
/// Errors: kFix, naming the file and the vector that cannot be read.
Result<bool> CheckVectors(const std::string& path, std::ostream& report);

}  // namespace semel::app
