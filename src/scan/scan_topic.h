// `semel scan`: reads a topic to its end and hands it to the analysis. Writes nothing, joins no
// group.
#pragma once

#include <atomic>

#include "base/log.h"
#include "kafka/settings.h"
#include "scan/scan_report.h"
#include "semel/fingerprint.h"

namespace semel::scan {

struct ScanOptions {
  kafka::ClientSettings kafka{};
  std::string topic{};
  KeyRule key{};
  std::uint64_t memory_limit = std::uint64_t{1} << 30U;
  std::uint64_t seed = 0;  ///< secret of this process
};

struct ScanResult {
  ScannedTopic topic;
  ScanReport report;
};

/// Reads every committed record up to the ends as of the start. `read` counts them meanwhile.
/// Errors: kFix (no such topic, key rule), kConnect, also when the brokers send nothing for a
/// minute; kStop when records were deleted while they were read.
Result<ScanResult> ScanTopic(const ScanOptions& options, Logger& logger,
                             std::atomic<std::uint64_t>& read);

}  // namespace semel::scan
