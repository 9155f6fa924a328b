// `semel fingerprint` on lines: each line of the input is the value of a record.
#pragma once

#include "semel/fingerprint.h"

namespace semel::app {

/// Reads descriptor `in` to its end and writes a line of result for each line to `out`. A reader
/// that went away ends it quietly.
/// Errors: kFail when reading or writing does.
Result<void> FingerprintLines(Fingerprinter& fingerprinter, int in, int out);

}  // namespace semel::app
