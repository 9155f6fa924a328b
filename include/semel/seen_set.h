// The seen-set: which fingerprints were seen within the window. Exact, never a filter alone.
//
// Seen and delivered happen together or not at all: no call marks a fingerprint as seen on its own.
// Judge on a Stage says which sightings are new; Confirm, after the commit, makes them remembered;
// a Stage that is destroyed without it leaves no trace. (A set in Redis is the one exception: see
// docs/redis.md.)
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "semel/fingerprint.h"
#include "semel/result.h"

namespace semel {

/// One arrival of an event.
struct Sighting {
  Fingerprint fingerprint;
  std::int64_t time_ms = 0;  ///< effective time, milliseconds since the epoch, > 0
  std::int64_t offset = 0;   ///< input offset
  bool operator==(const Sighting&) const = default;
};

enum class Verdict : std::uint8_t {
  kUnique,     ///< first sight, or the first one after the window passed
  kDuplicate,  ///< |time - first time| <= window
  kLate,       ///< older than stream time - window: cannot be judged, and is not remembered
};

struct Judgement {
  Verdict verdict = Verdict::kUnique;
  std::int64_t first_offset = -1;     ///< of the first sight, where the verdict is kDuplicate
  std::int32_t first_partition = -1;  ///< of it, where that is another one; -1: the same
};

/// What one transaction adds to a seen-set. Move-only; rolls back when destroyed unconfirmed.
/// At most one stage of a set is open at a time.
class Stage {
 public:
  Stage() = default;
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;
  virtual ~Stage() = default;

  /// Judges sightings in their order; each sees what the ones before it added, in this call and
  /// in earlier calls of this stage. `judgements` has the size of `sightings`. So has
  /// `observed_ms`, unless it is empty: what was observed between a sighting and the one before it,
  /// that is the largest effective time of records there that are not judged; 0: there are none.
  /// Errors: none of a set in memory; where a server is asked, what became of that. The stage is of
  /// no more use then.
  virtual Result<void> Judge(std::span<const Sighting> sightings,
                             std::span<const std::int64_t> observed_ms,
                             std::span<Judgement> judgements) = 0;
  Result<void> Judge(std::span<const Sighting> sightings, std::span<Judgement> judgements) {
    return Judge(sightings, {}, judgements);
  }

  /// Advances stream time for a record that is not judged (missing or invalid). Errors: of Judge.
  virtual Result<void> Observe(std::int64_t time_ms) = 0;

  /// Takes back what a stage that was rolled back has left of this sighting: it will not be
  /// delivered, so that a copy of it is not to be taken for one. Errors: of Judge.
  virtual Result<void> Release(const Sighting& /*sighting*/) { return {}; }

  /// The new sightings so far, in the order of judgement.
  virtual std::span<const Sighting> fresh() const = 0;

  /// Largest effective time so far, staged ones included.
  virtual std::int64_t stream_time_ms() const = 0;

  /// Makes the new sightings remembered. Call once, after the commit is known to have succeeded.
  virtual void Confirm() = 0;
};

/// Goes through the entries of a set in pieces. Between two pieces the set may change through
/// Stage::Confirm, and through nothing else: what was remembered all the time is met at least once,
/// what came or went meanwhile may be. Must not outlive its set.
class EntryWalk {
 public:
  EntryWalk() = default;
  EntryWalk(const EntryWalk&) = delete;
  EntryWalk& operator=(const EntryWalk&) = delete;
  virtual ~EntryWalk() = default;

  /// Replaces `piece` by the next entries, at most `most`, all of one time bucket (less than 2^32
  /// ms apart). False: there are no more. Cost: proportional to the piece.
  virtual bool Next(std::size_t most, std::vector<Sighting>& piece) = 0;
};

/// Threads: one caller at a time.
class SeenSet {
 public:
  SeenSet() = default;
  SeenSet(const SeenSet&) = delete;
  SeenSet& operator=(const SeenSet&) = delete;
  virtual ~SeenSet() = default;

  virtual std::unique_ptr<Stage> Begin() = 0;

  /// Adds what a committed changelog record says, without judging: later entries of a fingerprint
  /// replace earlier ones. Sets stream time to `stream_time_ms`.
  virtual void Restore(std::span<const Sighting> entries, std::int64_t stream_time_ms) = 0;

  /// Forgets every entry whose first sight is at or after `offset`, and sets stream time.
  virtual void ForgetFrom(std::int64_t offset, std::int64_t stream_time_ms) = 0;

  /// Forgets everything, stream time too (another key rule took over).
  virtual void Clear() = 0;

  /// True: what it remembers outlives the process by itself, so that nobody need write it down.
  virtual bool durable() const { return false; }
  /// True while that which keeps it does not answer, so that nothing can be judged.
  virtual bool failing() const { return false; }

  virtual std::int64_t stream_time_ms() const = 0;  ///< 0 before the first record
  virtual std::size_t size() const = 0;          ///< remembered entries, uncommitted ones excluded
  virtual std::size_t memory_bytes() const = 0;  ///< resident memory that the set holds
  virtual std::int64_t oldest_ms()
      const = 0;  ///< lower bound of the oldest entry's time; 0 when empty

  /// Oldest entries first.
  virtual std::unique_ptr<EntryWalk> Walk() const = 0;
};

struct MemorySeenSetOptions {
  std::chrono::milliseconds window = std::chrono::hours{24 * 7};
  int bits = 128;  ///< 128 or 256
  std::uint64_t seed =
      0;  ///< secret of this process: a producer must not be able to choose the bucket
};

/// A seen-set in memory. At most 40 bytes of resident memory for each remembered event from 1 to
/// 20 million of them (56 with 256 bits). No call stalls above 50 ms through growth or expiry.
std::unique_ptr<SeenSet> OpenMemorySeenSet(const MemorySeenSetOptions& options);

/// What decides whether an entry is still remembered: entries are kept in time buckets of
/// window / 64 (at least 1 ms), and a bucket is forgotten when all of it lies before stream time -
/// window. A pure function, so that a replay decides as the first run did.
bool StillRemembered(std::int64_t first_ms, std::int64_t stream_time_ms, std::int64_t window_ms);

}  // namespace semel
