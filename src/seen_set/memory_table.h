// Entries and index together: the confirmed part of a seen-set in memory.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "seen_set/memory_entries.h"
#include "seen_set/memory_index.h"

namespace semel {

/// What is known of an entry when its fingerprint comes again.
struct FirstSight {
  std::int64_t time_ms = 0;
  std::int64_t offset = 0;
  std::int64_t bucket = 0;
};

/// How many look-ups are under way at once: enough to hide memory, few enough for the L1 cache.
inline constexpr std::size_t kLookupBatch = 32;
using HashBatch = std::array<std::uint64_t, kLookupBatch>;

template <std::size_t kBytes>
class MemoryTable {
 public:
  MemoryTable(std::int64_t window_ms, std::uint64_t seed)
      : entries_(window_ms, seed), index_(entries_) {}

  std::uint64_t Hash(const Sighting& sighting) const {
    return entries_.Hash(sighting.fingerprint.bytes.data());
  }
  std::int64_t BucketFor(std::int64_t time_ms) const { return entries_.BucketFor(time_ms); }

  /// Hashes at most kLookupBatch sightings and fetches the index lines that they will need.
  std::span<const std::uint64_t> HashAll(std::span<const Sighting> sightings, HashBatch& hashes) {
    for (std::size_t i = 0; i < sightings.size(); ++i) {
      hashes[i] = Hash(sightings[i]);
      index_.PrefetchLines(hashes[i]);
    }
    return std::span(hashes).first(sightings.size());
  }
  void PrefetchLines(std::uint64_t hash) { index_.PrefetchLines(hash); }
  void PrefetchEntries(std::uint64_t hash) { index_.PrefetchEntries(hash); }

  /// Also finds what is old enough to be forgotten and still there: the caller compares buckets.
  std::optional<FirstSight> Find(std::uint64_t hash, const Fingerprint& fingerprint) {
    const EntryRef* slot = FindSlot(hash, fingerprint);
    if (slot == nullptr) return std::nullopt;
    return FirstSight{entries_.TimeAt(*slot), entries_.OffsetAt(*slot), entries_.BucketAt(*slot)};
  }

  /// Replaces the entry of the same fingerprint. A sighting older than bucket `oldest` only removes
  /// that one: it would be forgotten at once.
  void Put(std::uint64_t hash, const Sighting& sighting, std::int64_t oldest) {
    const bool remembered = entries_.BucketFor(sighting.time_ms) >= oldest;
    EntryRef* slot = FindSlot(hash, sighting.fingerprint);
    if (slot == nullptr) {
      if (remembered) index_.Insert(hash, entries_.Append(sighting));
      return;
    }
    const EntryRef old = *slot;
    if (remembered)
      *slot = entries_.Append(sighting);
    else
      index_.Erase(hash, old);
    FillHole(old);
  }

  /// Frees up to `count` entries older than bucket `oldest`.
  void FreeOlder(std::int64_t oldest, std::size_t count) {
    while (count > 0) {
      const auto& doomed = entries_.LastOfOlder(oldest, std::min(count, kLookupBatch));
      if (doomed.empty()) return;
      count -= doomed.size();
      HashBatch hashes;
      for (std::size_t i = 0; i < doomed.size(); ++i) {
        hashes[i] = entries_.HashAt(doomed[i]);
        index_.PrefetchLines(hashes[i]);
      }
      for (std::size_t i = 0; i < doomed.size(); ++i) {
        index_.Erase(hashes[i], doomed[i]);
        entries_.Remove(doomed[i]);  // they are the last ones, so nothing moves
        index_.Shrink(hashes[i]);
      }
    }
  }

  /// Removes every entry whose first sight is at or after `offset`.
  void RemoveFromOffset(std::int64_t offset) {
    entries_.ForEachFrom(0, [&](EntryRef ref) {
      if (entries_.OffsetAt(ref) < offset) return;
      const std::uint64_t hash = entries_.HashAt(ref);
      index_.Erase(hash, ref);
      FillHole(ref);
      index_.Shrink(hash);
    });
  }

  const EntryStore<kBytes>& entries() const { return entries_; }

  std::size_t ResidentBytes() const { return entries_.ResidentBytes() + index_.ResidentBytes(); }

 private:
  EntryRef* FindSlot(std::uint64_t hash, const Fingerprint& fingerprint) {
    return index_.Find(hash,
                       [&](EntryRef ref) { return entries_.Holds(ref, fingerprint.bytes.data()); });
  }

  // Removes the entry at `ref`, which no slot names any more, and corrects the slot of the one that
  // took its place.
  void FillHole(EntryRef ref) {
    if (const auto moved = entries_.Remove(ref)) index_.Move(entries_.HashAt(ref), *moved, ref);
  }

  EntryStore<kBytes> entries_;
  FingerprintIndex<EntryStore<kBytes>> index_;
};

}  // namespace semel
