#include "ingest/local_memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace semel::ingest {
namespace {

constexpr std::size_t kAhead = 8;

/// calloc: pages that were never written take no memory.
void* Zeroes(std::size_t bytes) {
  void* const block = std::calloc(1, bytes);
  if (block == nullptr) throw std::bad_alloc();  // as any container would
  return block;
}

std::uint32_t HeadOf(const Fingerprint& fingerprint) {
  std::uint32_t head = 0;
  std::memcpy(&head, fingerprint.bytes.data(), sizeof(head));
  return head;
}

template <typename Row>
Row* FirstIn(void* block, std::size_t bytes) {
  return static_cast<Row*>(std::align(alignof(Row), sizeof(Row), block, bytes));
}

}  // namespace

void LocalMemory::Free::operator()(void* block) const { std::free(block); }

LocalMemory::LocalMemory(std::size_t bytes, int bits, std::chrono::seconds time_to_live,
                         std::uint64_t seed, Clock clock)
    : rest_bytes_(static_cast<std::size_t>(bits) / 8 - kHead),
      rows_count_(std::max<std::size_t>(1, bytes / (sizeof(Row) + kRow * rest_bytes_))),
      time_to_live_(static_cast<std::uint32_t>(time_to_live.count())),
      hash_(seed),
      clock_(std::move(clock)),
      block_(Zeroes((rows_count_ + 1) * sizeof(Row) + rows_count_ * kRow * rest_bytes_)),
      rows_(FirstIn<Row>(block_.get(), 2 * sizeof(Row))),
      rests_(reinterpret_cast<std::uint8_t*>(rows_ + rows_count_)) {}

std::uint64_t LocalMemory::RowOf(const Fingerprint& fingerprint) const {
  const std::uint64_t hash = rest_bytes_ + kHead == 32
                                 ? hash_.operator()<32>(fingerprint.bytes.data())
                                 : hash_.operator()<16>(fingerprint.bytes.data());
  return hash % rows_count_;
}

// Every row is a cache miss. The processor brings those of a batch while others are looked through.
void LocalMemory::FetchAhead(std::span<const Fingerprint> fingerprints, std::size_t i) const {
  if (i < fingerprints.size()) __builtin_prefetch(rows_ + RowOf(fingerprints[i]));
}

bool LocalMemory::Holds(std::uint64_t row, const Fingerprint& fingerprint,
                        std::uint32_t now) const {
  const Row& line = rows_[row];
  const std::uint32_t head = HeadOf(fingerprint);
  for (std::size_t slot = 0; slot < kRow; ++slot)
    if (line.heads[slot] == head && Fresh(line.times[slot], now) &&
        std::memcmp(RestOf(row, slot), fingerprint.bytes.data() + kHead, rest_bytes_) == 0)
      return true;
  return false;
}

void LocalMemory::Put(std::uint64_t row, const Fingerprint& fingerprint, std::uint32_t now) {
  if (Holds(row, fingerprint, now)) return;  // the first time counts
  Row& line = rows_[row];
  const auto* const oldest = std::min_element(line.times.begin(), line.times.end());
  const auto slot = static_cast<std::size_t>(oldest - line.times.begin());
  if (*oldest == 0) ++entries_;
  line.heads[slot] = HeadOf(fingerprint);
  line.times[slot] = now;
  std::memcpy(RestOf(row, slot), fingerprint.bytes.data() + kHead, rest_bytes_);
}

void LocalMemory::Ask(std::span<const Fingerprint> fingerprints, std::span<bool> known,
                      std::function<void()> done) {
  const auto now = static_cast<std::uint32_t>(clock_().count());
  for (std::size_t i = 0; i < fingerprints.size(); ++i) {
    FetchAhead(fingerprints, i + kAhead);
    const std::uint64_t row = RowOf(fingerprints[i]);
    const std::lock_guard lock(locks_[row % kLocks]);
    known[i] = Holds(row, fingerprints[i], now);
  }
  done();
}

void LocalMemory::Remember(std::span<const Fingerprint> acknowledged) {
  const auto now = static_cast<std::uint32_t>(clock_().count());
  for (std::size_t i = 0; i < acknowledged.size(); ++i) {
    FetchAhead(acknowledged, i + kAhead);
    const std::uint64_t row = RowOf(acknowledged[i]);
    const std::lock_guard lock(locks_[row % kLocks]);
    Put(row, acknowledged[i], now);
  }
}

void LocalMemory::Look(LogEnds ends) {
  const std::lock_guard lock(looking_);
  if (HasShrunk(ends_, ends) || IsEmpty(ends))
    forgotten_ = static_cast<std::uint32_t>(clock_().count());
  ends_ = std::move(ends);
}

}  // namespace semel::ingest
