// `semel dedup --dry-run`: what would be a duplicate? Counts, and leaves nothing behind.
#pragma once

#include <stop_token>

#include "base/log.h"
#include "metrics/board.h"
#include "wiring/dedup_options.h"

namespace semel {

/// Judges the input from --start to its end as of now (or until `stop`, with --follow). Joins no
/// group, writes nothing; leaves the counts on `board`.
/// Errors: kFix, kConnect, kStop (--memory-limit), kFail.
Result<void> DryRun(const DedupOptions& options, metrics::Board& board, Logger& logger,
                    const std::stop_token& stop);

}  // namespace semel
