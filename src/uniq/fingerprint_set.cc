#include "uniq/fingerprint_set.h"

#include <algorithm>
#include <cassert>
#include <stdexcept>

namespace semel {
namespace {

// How many look-ups are under way at once: enough to hide memory, few enough for the L1 cache.
constexpr std::size_t kBatch = 32;

}  // namespace

EntryRef FingerprintList::Append(const ShortFingerprint& print) {
  if (size_ == kSizeMax) throw std::length_error("more than 2^32 different lines");
  if (size_ == slabs_.size() * kSlabSize) slabs_.emplace_back(kSlabSize * sizeof(ShortFingerprint));
  const auto ref = static_cast<EntryRef>(size_++);
  const_cast<ShortFingerprint&>(at(ref)) = print;
  return ref;
}

void FingerprintSet::Add(std::span<const ShortFingerprint> prints, std::span<std::uint8_t> is_new) {
  assert(prints.size() == is_new.size());
  while (!prints.empty()) {
    const std::size_t count = std::min(prints.size(), kBatch);
    AddBatch(prints.first(count), is_new.first(count));
    prints = prints.subspan(count);
    is_new = is_new.subspan(count);
  }
}

void FingerprintSet::AddBatch(std::span<const ShortFingerprint> prints,
                              std::span<std::uint8_t> is_new) {
  std::array<std::uint64_t, kBatch> hashes{};
  for (std::size_t i = 0; i < prints.size(); ++i) {
    hashes[i] = list_.Hash(prints[i]);
    index_.PrefetchLines(hashes[i]);
  }
  for (std::size_t i = 0; i < prints.size(); ++i) index_.PrefetchEntries(hashes[i]);
  for (std::size_t i = 0; i < prints.size(); ++i) is_new[i] = AddOne(hashes[i], prints[i]) ? 1 : 0;
}

bool FingerprintSet::AddOne(std::uint64_t hash, const ShortFingerprint& print) {
  if (index_.Find(hash, [&](EntryRef ref) { return list_.at(ref) == print; }) != nullptr)
    return false;
  index_.Insert(hash, list_.Append(print));
  return true;
}

}  // namespace semel
