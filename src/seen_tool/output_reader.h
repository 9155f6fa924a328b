// Reads the part of an output partition that still matters.
#pragma once

#include <functional>

#include "base/log.h"
#include "kafka/client.h"
#include "kafka/settings.h"
#include "seen_tool/output_replay.h"

namespace semel::seen_tool {

struct OutputPartition {
  const kafka::ClientSettings& settings;  ///< how to reach it
  std::string topic;
  kafka::Partition partition = 0;
};

/// Gives `replay` the committed records of the last window and perhaps some before it; `tick` is
/// called in between. Returns the ends that it found.
/// Errors: those of `tick`; kStop (an open transaction), kConnect.
Result<kafka::Watermarks> ReadOutput(const OutputPartition& output, const OutputRule& rule,
                                     kafka::LogReader& reader, OutputReplay& replay,
                                     const std::function<Result<void>()>& tick, Logger& logger);

}  // namespace semel::seen_tool
