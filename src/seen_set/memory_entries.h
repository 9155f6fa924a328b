// The entries of a memory table, in chunks: each time bucket fills chunks of its own from front to
// back, so that a bucket that is forgotten gives its pages back to the operating system as a whole.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <cstring>
#include <limits>
#include <map>
#include <optional>
#include <stdexcept>
#include <vector>

#include "seen_set/keyed_hash.h"
#include "seen_set/pages.h"
#include "seen_set/prefetch.h"
#include "seen_set/time_rule.h"
#include "semel/seen_set.h"

namespace semel {

/// Where an entry lies; changes when another one is removed.
using EntryRef = std::uint32_t;

/// What one entry keeps. 28 bytes with 128 bits: the time is told against the bucket's start, and
/// the offset is two halves so that the struct needs no padding.
template <std::size_t kBytes>
struct Entry {
  std::array<std::uint8_t, kBytes> fingerprint;
  std::uint32_t ms_in_bucket;
  std::uint32_t offset_low;
  std::uint32_t offset_high;
};

/// Entries with `kBytes` of fingerprint. Knows nothing of equality: see MemoryTable.
template <std::size_t kBytes>
class EntryStore {
 public:
  EntryStore(std::int64_t window_ms, std::uint64_t seed)
      : width_ms_(BucketWidth(window_ms)),
        hash_(seed),
        chunk_bytes_(Pages::RoundUp(kChunkEntries * sizeof(Entry<kBytes>))) {}

  std::uint64_t Hash(const std::uint8_t* fingerprint) const {
    return hash_.template operator()<kBytes>(fingerprint);
  }

  const Entry<kBytes>& at(EntryRef ref) const {
    const std::byte* chunk =
        slabs_[ref / kSlabEntries].data() + ref / kChunkEntries % kSlabChunks * chunk_bytes_;
    return reinterpret_cast<const Entry<kBytes>*>(chunk)[ref % kChunkEntries];
  }
  std::uint64_t HashAt(EntryRef ref) const { return Hash(at(ref).fingerprint.data()); }
  /// Asks for the fingerprint's cache lines: every fourth one lies across two.
  void Fetch(EntryRef ref) const {
    Prefetch(&at(ref).fingerprint.front());
    Prefetch(&at(ref).fingerprint.back());
  }
  bool Holds(EntryRef ref, const std::uint8_t* fingerprint) const {
    return std::memcmp(at(ref).fingerprint.data(), fingerprint, kBytes) == 0;
  }
  std::int64_t BucketAt(EntryRef ref) const { return owners_[ref / kChunkEntries]->number; }
  std::int64_t BucketFor(std::int64_t time_ms) const { return BucketOf(time_ms, width_ms_); }
  std::int64_t TimeAt(EntryRef ref) const {
    return BucketAt(ref) * width_ms_ + std::int64_t{at(ref).ms_in_bucket};
  }
  std::int64_t OffsetAt(EntryRef ref) const {
    const Entry<kBytes>& entry = at(ref);
    return static_cast<std::int64_t>(std::uint64_t{entry.offset_high} << 32U | entry.offset_low);
  }

  EntryRef Append(const Sighting& sighting);

  /// Removes the entry at `ref`. Where that moved the last entry of its bucket into the place,
  /// returns where that one was.
  std::optional<EntryRef> Remove(EntryRef ref);

  /// The last entries, at most `count`, of the oldest bucket if that is older than `bucket`.
  /// Buckets that are empty and older go on the way.
  std::vector<EntryRef>& LastOfOlder(std::int64_t bucket, std::size_t count);

  std::size_t CountFrom(std::int64_t bucket) const;

  /// Start of the oldest bucket at or after `bucket` that has an entry, at least 1; 0: none.
  std::int64_t OldestFrom(std::int64_t bucket) const;

  /// Calls `visit` for each entry in a bucket at or after `bucket`, the last one of a bucket
  /// first: `visit` may remove the entry that it is called for.
  template <typename Visit>
  void ForEachFrom(std::int64_t bucket, const Visit& visit) const;

  /// Where a walk through all entries stands: buckets by their age, in each the last entry first.
  /// An entry that moves to the place of a removed one comes from the end of its bucket: it was
  /// visited there, or is visited again, but never missed.
  struct Place {
    std::int64_t bucket = 0;
    std::int64_t last = 0;  ///< bucket; what comes into a later one is newer than the walk
    std::size_t left = std::numeric_limits<std::size_t>::max();  ///< of the bucket; all at first
  };

  /// The beginning of a walk through the buckets from `bucket` on.
  Place PlaceFrom(std::int64_t bucket) const {
    return {.bucket = bucket, .last = buckets_.empty() ? bucket - 1 : buckets_.rbegin()->first};
  }

  /// Visits at most `most` entries of one bucket. False: there are no more.
  template <typename Visit>
  bool VisitSome(Place& place, std::size_t most, const Visit& visit) const;

  std::size_t ResidentBytes() const;

 private:
  // 1,024 entries of 28 or 44 bytes fill 7 or 11 pages of 4 KB to the last byte.
  static constexpr std::size_t kChunkEntries = 1024;
  static constexpr std::size_t kSlabChunks = 64;
  static constexpr std::size_t kSlabEntries = kChunkEntries * kSlabChunks;
  static constexpr std::size_t kChunksMax = (std::size_t{1} << 32U) / kChunkEntries;

  struct Bucket {
    std::int64_t number = 0;
    std::size_t size = 0;
    std::vector<std::uint32_t> chunks;

    EntryRef ref(std::size_t index) const {
      return static_cast<EntryRef>(chunks[index / kChunkEntries] * kChunkEntries +
                                   index % kChunkEntries);
    }
  };

  Entry<kBytes>& Mutable(EntryRef ref) { return const_cast<Entry<kBytes>&>(at(ref)); }
  Bucket& BucketNumber(std::int64_t number);
  std::uint32_t TakeChunk(Bucket& owner);
  void PopLast(Bucket& bucket);

  std::int64_t width_ms_;
  KeyedHash hash_;
  std::size_t chunk_bytes_;
  std::vector<Pages> slabs_;
  std::vector<Bucket*> owners_;  // by chunk
  std::vector<std::uint32_t> free_chunks_;
  std::map<std::int64_t, Bucket> buckets_;
  Bucket* newest_used_ = nullptr;  // mostly the one that the next entry goes to as well
  std::vector<EntryRef> scratch_;
};

template <std::size_t kBytes>
typename EntryStore<kBytes>::Bucket& EntryStore<kBytes>::BucketNumber(std::int64_t number) {
  if (newest_used_ == nullptr || newest_used_->number != number) {
    newest_used_ = &buckets_[number];
    newest_used_->number = number;
  }
  return *newest_used_;
}

template <std::size_t kBytes>
std::uint32_t EntryStore<kBytes>::TakeChunk(Bucket& owner) {
  if (free_chunks_.empty()) {
    const std::size_t first = owners_.size();
    if (first == kChunksMax) throw std::length_error("a seen-set of 2^32 entries is full");
    slabs_.emplace_back(kSlabChunks * chunk_bytes_);
    owners_.resize(first + kSlabChunks);
    for (std::size_t chunk = first + kSlabChunks; chunk > first; --chunk)
      free_chunks_.push_back(static_cast<std::uint32_t>(chunk - 1));
  }
  const std::uint32_t chunk = free_chunks_.back();
  free_chunks_.pop_back();
  owners_[chunk] = &owner;
  return chunk;
}

template <std::size_t kBytes>
EntryRef EntryStore<kBytes>::Append(const Sighting& sighting) {
  Bucket& bucket = BucketNumber(BucketFor(sighting.time_ms));
  if (bucket.size == bucket.chunks.size() * kChunkEntries)
    bucket.chunks.push_back(TakeChunk(bucket));
  const EntryRef ref = bucket.ref(bucket.size++);
  Entry<kBytes>& entry = Mutable(ref);
  std::memcpy(entry.fingerprint.data(), sighting.fingerprint.bytes.data(), kBytes);
  entry.ms_in_bucket = static_cast<std::uint32_t>(sighting.time_ms - bucket.number * width_ms_);
  const auto offset = static_cast<std::uint64_t>(sighting.offset);
  entry.offset_low = static_cast<std::uint32_t>(offset);
  entry.offset_high = static_cast<std::uint32_t>(offset >> 32U);
  return ref;
}

template <std::size_t kBytes>
std::optional<EntryRef> EntryStore<kBytes>::Remove(EntryRef ref) {
  Bucket& bucket = *owners_[ref / kChunkEntries];
  const EntryRef last = bucket.ref(bucket.size - 1);
  if (last != ref) Mutable(ref) = at(last);
  PopLast(bucket);
  return last != ref ? std::optional(last) : std::nullopt;
}

template <std::size_t kBytes>
void EntryStore<kBytes>::PopLast(Bucket& bucket) {
  --bucket.size;
  if (bucket.size % kChunkEntries != 0) return;
  const std::uint32_t chunk = bucket.chunks.back();
  bucket.chunks.pop_back();
  slabs_[chunk / kSlabChunks].Discard(chunk % kSlabChunks * chunk_bytes_, chunk_bytes_);
  free_chunks_.push_back(chunk);
}

template <std::size_t kBytes>
std::vector<EntryRef>& EntryStore<kBytes>::LastOfOlder(std::int64_t bucket, std::size_t count) {
  scratch_.clear();
  while (!buckets_.empty() && buckets_.begin()->first < bucket) {
    const Bucket& oldest = buckets_.begin()->second;
    for (std::size_t i = oldest.size; i > 0 && scratch_.size() < count; --i)
      scratch_.push_back(oldest.ref(i - 1));
    if (!scratch_.empty()) break;
    if (newest_used_ == &oldest) newest_used_ = nullptr;
    buckets_.erase(buckets_.begin());
  }
  return scratch_;
}

template <std::size_t kBytes>
std::size_t EntryStore<kBytes>::CountFrom(std::int64_t bucket) const {
  std::size_t count = 0;
  for (auto at = buckets_.lower_bound(bucket); at != buckets_.end(); ++at) count += at->second.size;
  return count;
}

template <std::size_t kBytes>
std::int64_t EntryStore<kBytes>::OldestFrom(std::int64_t bucket) const {
  for (auto at = buckets_.lower_bound(bucket); at != buckets_.end(); ++at)
    if (at->second.size > 0) return std::max<std::int64_t>(1, at->first * width_ms_);
  return 0;
}

template <std::size_t kBytes>
template <typename Visit>
void EntryStore<kBytes>::ForEachFrom(std::int64_t bucket, const Visit& visit) const {
  for (auto at = buckets_.lower_bound(bucket); at != buckets_.end(); ++at)
    for (std::size_t i = at->second.size; i > 0; --i) visit(at->second.ref(i - 1));
}

template <std::size_t kBytes>
template <typename Visit>
bool EntryStore<kBytes>::VisitSome(Place& place, std::size_t most, const Visit& visit) const {
  const auto at = buckets_.lower_bound(place.bucket);
  if (at == buckets_.end() || at->first > place.last) return false;
  const Bucket& bucket = at->second;
  if (bucket.number != place.bucket) place = {.bucket = bucket.number, .last = place.last};
  place.left = std::min(place.left, bucket.size);
  for (; place.left > 0 && most > 0; --most) visit(bucket.ref(--place.left));
  if (place.left == 0) place = {.bucket = bucket.number + 1, .last = place.last};
  return true;
}

template <std::size_t kBytes>
std::size_t EntryStore<kBytes>::ResidentBytes() const {
  std::size_t bytes = slabs_.capacity() * sizeof(Pages) + owners_.capacity() * sizeof(Bucket*) +
                      free_chunks_.capacity() * sizeof(std::uint32_t);
  for (const auto& [number, bucket] : buckets_) {
    const std::size_t partial = bucket.size % kChunkEntries;
    bytes += bucket.size / kChunkEntries * chunk_bytes_ +
             Pages::RoundUp(partial * sizeof(Entry<kBytes>)) + sizeof(Bucket) +
             bucket.chunks.capacity() * sizeof(std::uint32_t);
  }
  return bytes;
}

}  // namespace semel
