// `semel seen dump`: what is remembered, one JSON object a line.
#pragma once

#include <string>

#include "base/log.h"
#include "seen_tool/verify.h"

namespace semel::seen_tool {

enum class DumpFormat : std::uint8_t {
  kEntries,  ///< {"partition":0,"fingerprint":"hex","time":ms,"offset":n}
  kSeed,     ///< {"hash":"hex","topic":"input","partition":0,"offset":n,"time":ms}
};

/// Writes to descriptor `out`, by partition and input offset. A reader that went away ends it
/// quietly.
/// Errors: kFail when writing does; kStop for a changelog that is not whole; those of reading.
Result<void> DumpChangelog(const JobNames& job, DumpFormat format, int out, Logger& logger);

/// The same from a snapshot file, without Kafka. Errors: kFix, naming the file.
Result<void> DumpSnapshot(const std::string& file, DumpFormat format, int out);

}  // namespace semel::seen_tool
