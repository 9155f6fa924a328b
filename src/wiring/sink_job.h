// `semel sink postgres`, put together.
#pragma once

#include "base/log.h"
#include "metrics/sink_snapshot.h"
#include "semel/result.h"
#include "wiring/sink_options.h"
#include "wiring/stop_signals.h"

namespace semel {

/// Runs until it is told to stop, or its end is reached. Errors: kFix, kConnect, kStop, kFail.
Result<void> RunSink(const SinkOptions& options, metrics::SinkBoard& board, StopSignals& signals,
                     Logger& logger);

}  // namespace semel
