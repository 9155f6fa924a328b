// What Kafka has acknowledged lately, so that a copy is answered without being sent again. A short
// cut only: what it forgets costs traffic, never an event; `semel dedup` behind it decides.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "semel/fingerprint.h"

namespace semel::ingest {

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

  virtual std::uint64_t entries() const = 0;  ///< 0 where they are not counted
  /// True while it answers nothing.
  virtual bool failing() const { return false; }
};

}  // namespace semel::ingest
