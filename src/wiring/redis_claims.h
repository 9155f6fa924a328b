// How the lanes of a job make their claims in Redis.
#pragma once

#include "pipeline/policy.h"
#include "redis/claims.h"
#include "wiring/dedup_options.h"
#include "wiring/topic_checks.h"

namespace semel {

/// Call it where options.redis is set. Asks for the
/// cluster id. Errors: kFix; those of Admin.
Result<redis::ClaimSettings> ClaimsOf(const DedupOptions& options,
                                      const pipeline::LaneSettings& settings,
                                      const JobTopics& topics, Logger& logger);

}  // namespace semel
