// What Kafka has acknowledged lately, so that a copy is answered without being sent again. A short
// cut only: what it forgets costs traffic, never an event; `semel dedup` behind it decides.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "semel/fingerprint.h"

namespace semel::ingest {

/// Where the partitions of a topic end, by partition.
using LogEnds = std::vector<std::int64_t>;

/// A log only grows. One that ends earlier than it did is another one, made anew under the same
/// name, or has lost events; one without a partition that it had is gone.
inline bool HasShrunk(const LogEnds& before, const LogEnds& now) {
  for (std::size_t i = 0; i < before.size(); ++i)
    if (i >= now.size() || now[i] < before[i]) return true;
  return false;
}

/// What is remembered cannot be in an empty log.
inline bool IsEmpty(const LogEnds& ends) {
  return std::ranges::all_of(ends, [](std::int64_t end) { return end == 0; });
}

/// Of one topic. Threads: any, at once.
class EdgeMemory {
 public:
  EdgeMemory() = default;
  EdgeMemory(const EdgeMemory&) = delete;
  EdgeMemory& operator=(const EdgeMemory&) = delete;
  virtual ~EdgeMemory() = default;

  /// Sets known[i] when fingerprints[i] was remembered before, then calls `done`: within the call,
  /// or later on any thread. Both spans must stay until then. Whatever fails or takes too long is
  /// answered "not known".
  virtual void Ask(std::span<const Fingerprint> fingerprints, std::span<bool> known,
                   std::function<void()> done) = 0;

  /// Only of events that Kafka has acknowledged.
  virtual void Remember(std::span<const Fingerprint> acknowledged) = 0;

  /// Where the topic ends now; told every few seconds. When it has shrunk or is empty, all that was
  /// remembered is forgotten: Kafka does not have it.
  virtual void Look(LogEnds ends) = 0;

  virtual std::uint64_t entries() const = 0;  ///< 0 where they are not counted
  /// True while it answers nothing.
  virtual bool failing() const { return false; }
};

}  // namespace semel::ingest
