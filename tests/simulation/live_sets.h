// The seen-sets that live in a simulated process, so that what it remembers can be compared with
// what a restart would.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <vector>

#include "kafka/client.h"
#include "semel/seen_set.h"

namespace semel::simulation {

/// What a set remembers, by fingerprint.
struct Remembered {
  std::int64_t stream_time_ms = 0;
  std::map<Fingerprint, std::pair<std::int64_t, std::int64_t>> entries;  ///< time, offset
  bool operator==(const Remembered&) const = default;
};

/// Entries that no judgement can meet any more are left out: when they go is nobody's promise.
Remembered ReadAll(const SeenSet& set, std::int64_t window_ms);

class LiveSets {
 public:
  /// `set`, known here as one of `lane` and `partition` as long as it lives.
  std::unique_ptr<SeenSet> Watch(std::int32_t lane, kafka::Partition partition,
                                 std::unique_ptr<SeenSet> set);
  /// Null where it has none, or more than one: one of them is on its way out.
  const SeenSet* Only(std::int32_t lane, kafka::Partition partition) const;

 private:
  class Watched;
  using Place = std::pair<std::int32_t, kafka::Partition>;
  // Lives on in each set: those of a killed process go later than it.
  std::shared_ptr<std::map<Place, std::set<const SeenSet*>>> sets_ =
      std::make_shared<std::map<Place, std::set<const SeenSet*>>>();
};

}  // namespace semel::simulation
