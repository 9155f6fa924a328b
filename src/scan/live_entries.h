// How many entries the memory of one partition would hold under one window.
#pragma once

#include <cstdint>
#include <map>

namespace semel::scan {

/// Counts first sights by the seen-set's own rule (seen_set/time_rule.h): by time bucket, forgotten
/// a bucket at a time. Threads: one.
class LiveEntries {
 public:
  explicit LiveEntries(std::int64_t window_ms) : window_ms_(window_ms) {}

  /// Forgets what is too old by then. Before `count` is believed.
  void Advance(std::int64_t stream_time_ms);
  void Add(std::int64_t first_ms);
  void Remove(std::int64_t first_ms);
  /// Before they are counted anew.
  void Clear();

  std::uint64_t count() const { return count_; }

 private:
  std::int64_t window_ms_;
  std::map<std::int64_t, std::uint64_t> buckets_;
  std::uint64_t count_ = 0;
};

}  // namespace semel::scan
