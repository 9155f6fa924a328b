// A seen-set whose memory is a Redis: all partitions and processes of a group share it.
//
// Weaker than the default, because Redis and Kafka do not commit together: docs/redis.md.
#pragma once

#include <cstdint>
#include <memory>

#include "redis/claims.h"
#include "semel/seen_set.h"

namespace semel::redis {

/// The set of input partition `partition`. `claims` outlives it, and may serve many sets of one
/// thread. `start_over`: a Redis that has forgotten what it knew of the partition is accepted.
/// Entries cannot be listed: size() is 0, and Walk() ends at once. Restore only sets stream time.
std::unique_ptr<SeenSet> OpenRedisSeenSet(std::int32_t partition, Claims& claims, bool start_over);

}  // namespace semel::redis
