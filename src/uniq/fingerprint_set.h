// Which fingerprints came before: the seen-set of `semel uniq`, which has no window, no
// transactions and nothing to forget, so that a fingerprint takes its own 16 bytes and about 8 of
// index.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "seen_set/keyed_hash.h"
#include "seen_set/memory_index.h"
#include "seen_set/pages.h"
#include "seen_set/prefetch.h"

namespace semel {

/// A fingerprint of 128 bits without the room for 256.
using ShortFingerprint = std::array<std::uint8_t, 16>;

/// Fingerprints in the order in which they came.
class FingerprintList {
 public:
  explicit FingerprintList(std::uint64_t seed) : hash_(seed) {}

  std::uint64_t Hash(const ShortFingerprint& print) const {
    return hash_.operator()<sizeof(ShortFingerprint)>(print.data());
  }
  const ShortFingerprint& at(EntryRef ref) const {
    return reinterpret_cast<const ShortFingerprint*>(
        slabs_[ref / kSlabSize].data())[ref % kSlabSize];
  }
  std::uint64_t HashAt(EntryRef ref) const { return Hash(at(ref)); }
  void Fetch(EntryRef ref) const { Prefetch(&at(ref)); }

  /// Throws std::length_error when 2^32 are there, and std::bad_alloc.
  EntryRef Append(const ShortFingerprint& print);

  std::size_t size() const { return size_; }
  std::size_t ResidentBytes() const { return Pages::RoundUp(size_ * sizeof(ShortFingerprint)); }

 private:
  static constexpr std::size_t kSlabSize = std::size_t{4} << 20U;
  static constexpr std::size_t kSizeMax = std::size_t{1} << 32U;

  KeyedHash hash_;
  std::vector<Pages> slabs_;
  std::size_t size_ = 0;
};

/// At most 30 bytes of resident memory for each fingerprint, from 1 million of them.
/// Threads: one caller at a time.
class FingerprintSet {
 public:
  /// `seed`: a secret of this process, so that nobody can write lines that collide in the index.
  explicit FingerprintSet(std::uint64_t seed) : list_(seed), index_(list_) {}
  FingerprintSet(const FingerprintSet&) = delete;
  FingerprintSet& operator=(const FingerprintSet&) = delete;
  ~FingerprintSet() = default;

  /// Adds fingerprints in their order; `is_new`, of the same size, gets 1 where one was not there
  /// before and 0 elsewhere. Throws as FingerprintList::Append does.
  void Add(std::span<const ShortFingerprint> prints, std::span<std::uint8_t> is_new);

  std::size_t size() const { return list_.size(); }
  std::size_t ResidentBytes() const { return list_.ResidentBytes() + index_.ResidentBytes(); }

 private:
  void AddBatch(std::span<const ShortFingerprint> prints, std::span<std::uint8_t> is_new);
  bool AddOne(std::uint64_t hash, const ShortFingerprint& print);

  FingerprintList list_;
  FingerprintIndex<FingerprintList> index_;  // refers to list_
};

}  // namespace semel
