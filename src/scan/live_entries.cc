#include "scan/live_entries.h"

#include "seen_set/time_rule.h"

namespace semel::scan {

void LiveEntries::Advance(std::int64_t stream_time_ms) {
  const std::int64_t oldest = OldestBucket(stream_time_ms, window_ms_);
  while (!buckets_.empty() && buckets_.begin()->first < oldest) {
    count_ -= buckets_.begin()->second;
    buckets_.erase(buckets_.begin());
  }
}

void LiveEntries::Add(std::int64_t first_ms) {
  ++buckets_[BucketOf(first_ms, BucketWidth(window_ms_))];
  ++count_;
}

void LiveEntries::Remove(std::int64_t first_ms) {
  const auto bucket = buckets_.find(BucketOf(first_ms, BucketWidth(window_ms_)));
  if (bucket == buckets_.end()) return;
  --count_;
  if (--bucket->second == 0) buckets_.erase(bucket);
}

void LiveEntries::Clear() {
  buckets_.clear();
  count_ = 0;
}

}  // namespace semel::scan
