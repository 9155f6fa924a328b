// `semel seen dump`: what is remembered, one JSON object a line.
#pragma once

#include <string>

#include "base/log.h"
#include "seen_tool/verify.h"

namespace semel::seen_tool {

/// Writes to descriptor `out`: {"partition":0,"fingerprint":"hex","time":ms,"offset":n}, by
/// partition and input offset. A reader that went away ends it quietly.
/// Errors: kFail when writing does; kStop for a changelog that is not whole; those of reading.
Result<void> DumpChangelog(const JobNames& job, int out, Logger& logger);

/// The same from a snapshot file, without Kafka. Errors: kFix, naming the file.
Result<void> DumpSnapshot(const std::string& file, int out);

}  // namespace semel::seen_tool
