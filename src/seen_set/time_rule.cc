#include "seen_set/time_rule.h"

namespace semel {

bool StillRemembered(std::int64_t first_ms, std::int64_t stream_time_ms, std::int64_t window_ms) {
  return BucketOf(first_ms, BucketWidth(window_ms)) >= OldestBucket(stream_time_ms, window_ms);
}

}  // namespace semel
