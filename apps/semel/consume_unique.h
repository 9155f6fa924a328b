// `semel consume --unique`: duplicates are taken out.
#pragma once

#include "consume_modes.h"
#include "pipeline/policy.h"
#include "semel/fingerprint.h"

namespace semel::app {

/// As Consume in the mode pull. Errors: also kFix, for what does not go with --unique.
Result<void> ConsumeUnique(const ConsumeJob& job, const KeyRule& key,
                           const pipeline::Accepted& accepted, MessageOutput& output,
                           const std::stop_token& stop);

}  // namespace semel::app
