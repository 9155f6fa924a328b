// The new sightings of an open stage: judged before the confirmed table, merged into it by Confirm.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

#include "semel/seen_set.h"

namespace semel {

/// Sightings in their order, and an index over the latest of each fingerprint.
class Overlay {
 public:
  std::span<const Sighting> sightings() const { return sightings_; }
  std::span<const std::uint64_t> hashes() const { return hashes_; }

  /// The latest sighting of the fingerprint; null: none.
  const Sighting* Find(std::uint64_t hash, const Fingerprint& fingerprint) const {
    if (sightings_.empty()) return nullptr;
    const std::uint32_t slot = slots_[SlotOf(hash, fingerprint)];
    return slot == 0 ? nullptr : &sightings_[slot - 1];
  }

  void Add(std::uint64_t hash, const Sighting& sighting) {
    if (sightings_.size() * 2 >= slots_.size()) Grow();
    sightings_.push_back(sighting);
    hashes_.push_back(hash);
    slots_[SlotOf(hash, sighting.fingerprint)] = static_cast<std::uint32_t>(sightings_.size());
  }

  /// Keeps its memory for the next transaction, unless that is more than for `kept` sightings.
  void Clear(std::size_t kept) {
    if (sightings_.capacity() > kept) {
      *this = Overlay();
      return;
    }
    sightings_.clear();
    hashes_.clear();
    std::ranges::fill(slots_, 0);
  }

  std::size_t ResidentBytes() const {
    return sightings_.capacity() * sizeof(Sighting) + hashes_.capacity() * sizeof(std::uint64_t) +
           slots_.capacity() * sizeof(std::uint32_t);
  }

 private:
  static constexpr std::size_t kSlotsMin = 64;

  // Where the fingerprint is, or the free slot where it belongs.
  std::size_t SlotOf(std::uint64_t hash, const Fingerprint& fingerprint) const {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    while (slots_[at] != 0 && !(hashes_[slots_[at] - 1] == hash &&
                                sightings_[slots_[at] - 1].fingerprint == fingerprint))
      at = (at + 1) & mask;
    return at;
  }

  void Grow() {
    slots_.assign(std::max(kSlotsMin, slots_.size() * 2), 0);
    for (std::size_t i = 0; i < sightings_.size(); ++i)
      slots_[SlotOf(hashes_[i], sightings_[i].fingerprint)] = static_cast<std::uint32_t>(i + 1);
  }

  std::vector<Sighting> sightings_;
  std::vector<std::uint64_t> hashes_;
  std::vector<std::uint32_t> slots_;  // 1 + index into sightings_; 0: free; a power of two of them
};

}  // namespace semel
