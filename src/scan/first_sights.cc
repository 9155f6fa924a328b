#include "scan/first_sights.h"

#include <algorithm>

namespace semel::scan {
namespace {

constexpr std::size_t kSlotsMin = 1024;

}  // namespace

// A rebuild holds up to half as much again.
FirstSights::FirstSights(std::uint64_t memory_limit, std::uint64_t seed)
    : hash_(seed),
      slots_max_(std::max<std::size_t>(kSlotsMin, memory_limit / (sizeof(FirstSight) * 3 / 2))),
      slots_(kSlotsMin) {}

// Not by the seed: the same topic gives the same estimate.
bool FirstSights::Sampled(const std::uint8_t* fingerprint) const {
  std::uint64_t bits = 0;
  std::memcpy(&bits, fingerprint + 8, sizeof bits);
  return (bits & ((std::uint64_t{1} << level_) - 1)) == 0;
}

std::size_t FirstSights::PlaceOf(const std::uint8_t* fingerprint) const {
  const std::uint64_t hash = hash_.operator()<16>(fingerprint);
  return (hash >> 32U) * slots_.size() >> 32U;
}

FirstSights::Found FirstSights::Find(const Fingerprint& fingerprint, std::int32_t partition) {
  Found found;
  const std::uint8_t* bytes = fingerprint.bytes.data();
  for (std::size_t place = PlaceOf(bytes); slots_[place].partition >= 0; place = After(place)) {
    FirstSight& sight = slots_[place];
    if (std::memcmp(sight.fingerprint.data(), bytes, sight.fingerprint.size()) != 0) continue;
    if (sight.partition == partition)
      found.here = &sight;
    else
      found.elsewhere = true;
  }
  return found;
}

bool FirstSights::Insert(const FirstSight& sight) {
  if (Full() && slots_.size() < slots_max_) Rebuild(std::min(2 * slots_.size(), slots_max_));
  const unsigned before = level_;
  while (Full()) {
    ++level_;
    Rebuild(slots_.size());
  }
  if (Sampled(sight.fingerprint.data())) Put(sight);
  return level_ != before;
}

void FirstSights::Put(const FirstSight& sight) {
  std::size_t place = PlaceOf(sight.fingerprint.data());
  while (slots_[place].partition >= 0) place = After(place);
  slots_[place] = sight;
  ++size_;
}

// Of what is in the sample.
void FirstSights::Rebuild(std::size_t slots) {
  std::vector<FirstSight> kept;
  kept.reserve(slots == slots_.size() ? size_ / 2 : size_);
  for (const FirstSight& sight : slots_)
    if (sight.partition >= 0 && Sampled(sight.fingerprint.data())) kept.push_back(sight);
  slots_ = {};
  slots_.resize(slots);
  size_ = 0;
  for (const FirstSight& sight : kept) Put(sight);
}

}  // namespace semel::scan
