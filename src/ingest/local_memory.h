// The edge memory of one process.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "ingest/edge_memory.h"
#include "seen_set/keyed_hash.h"

namespace semel::ingest {

/// A table of fixed size. A fingerprint belongs to a row of 8; a full row forgets its oldest one.
/// Most are asked for once, when nobody knows them: one cache line says so.
/// Memory is taken from the system as it fills.
class LocalMemory final : public EdgeMemory {
 public:
  using Clock = std::function<std::chrono::seconds()>;

  /// `bytes`: what it may take, at least one row. `bits`: of a fingerprint. `seed`: nobody outside
  /// is to know it, or he could choose events that fill one row. `clock`: steady.
  LocalMemory(std::size_t bytes, int bits, std::chrono::seconds time_to_live, std::uint64_t seed,
              Clock clock);
  void Ask(std::span<const Fingerprint> fingerprints, std::span<bool> known,
           std::function<void()> done) override;
  void Remember(std::span<const Fingerprint> acknowledged) override;
  void Look(LogEnds ends) override;
  std::uint64_t entries() const override { return entries_; }

 private:
  static constexpr std::size_t kLocks = 64;
  static constexpr std::size_t kRow = 8;
  static constexpr std::size_t kHead = 4;

  /// A cache line. The rest of the fingerprints is elsewhere.
  struct alignas(64) Row {
    std::array<std::uint32_t, kRow> heads;  ///< first bytes of the fingerprints
    std::array<std::uint32_t, kRow> times;  ///< 0: empty
  };
  struct Free {
    void operator()(void* block) const;
  };

  std::uint64_t RowOf(const Fingerprint& fingerprint) const;
  std::uint8_t* RestOf(std::uint64_t row, std::size_t slot) const {
    return rests_ + (row * kRow + slot) * rest_bytes_;
  }
  void FetchAhead(std::span<const Fingerprint> fingerprints, std::size_t i) const;
  bool Holds(std::uint64_t row, const Fingerprint& fingerprint, std::uint32_t now) const;
  void Put(std::uint64_t row, const Fingerprint& fingerprint, std::uint32_t now);
  bool Fresh(std::uint32_t time, std::uint32_t now) const {
    return time > forgotten_.load(std::memory_order_relaxed) && now - time < time_to_live_;
  }

  const std::size_t rest_bytes_;
  const std::uint64_t rows_count_;
  const std::uint32_t time_to_live_;
  const KeyedHash hash_;
  const Clock clock_;
  const std::unique_ptr<void, Free> block_;
  Row* const rows_;
  std::uint8_t* const rests_;
  std::atomic<std::uint64_t> entries_ = 0;
  std::atomic<std::uint32_t> forgotten_ = 0;  ///< what was remembered up to then
  std::mutex looking_;
  LogEnds ends_;  // guarded by looking_
  std::array<std::mutex, kLocks> locks_;
};

}  // namespace semel::ingest
