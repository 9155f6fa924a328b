// `semel dedup`: puts the parts together, runs the lanes, and ends them.
#pragma once

#include "base/log.h"
#include "metrics/board.h"
#include "wiring/dedup_options.h"
#include "wiring/stop_signals.h"

namespace semel {

/// What an operator sees of the job before it runs.
metrics::Snapshot EmptySnapshot(const DedupOptions& options);

/// Runs until the stop that `signals` knows, the end of the input (--until-end), or the first error
/// of a lane, which stops the others.
/// Errors: of the lane that failed first; kFix for topics and settings; those of Admin.
Result<void> RunDedup(const DedupOptions& options, metrics::Board& board, StopSignals& signals,
                      Logger& logger);

}  // namespace semel
