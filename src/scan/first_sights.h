// Where and when events were first seen in each partition, in bounded memory: when that is full, a
// sample of the events takes less.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <vector>

#include "seen_set/keyed_hash.h"
#include "semel/fingerprint.h"

namespace semel::scan {

/// Windows that a scan tries out.
inline constexpr std::array<std::chrono::milliseconds, 4> kWindows = {
    std::chrono::minutes{1}, std::chrono::hours{1}, std::chrono::hours{24},
    std::chrono::hours{24 * 7}};

struct FirstSight {
  std::array<std::uint8_t, 16> fingerprint{};  ///< its first half where it has 256 bits
  std::int32_t partition = -1;                 ///< -1: nothing is here
  std::int64_t offset = 0;
  std::int64_t time_ms = 0;
  /// What `semel dedup` with that window would remember as first; 0: nothing.
  std::array<std::int64_t, kWindows.size()> window_first_ms{};
};

/// Open addressing; entries of one fingerprint lie in one run, whatever their partition.
/// Threads: one.
class FirstSights {
 public:
  /// `seed`: a producer must not be able to choose the place.
  FirstSights(std::uint64_t memory_limit, std::uint64_t seed);

  /// Whether events with that fingerprint are looked at: 1 in 2^level, by the fingerprint alone.
  bool Sampled(const Fingerprint& fingerprint) const { return Sampled(fingerprint.bytes.data()); }
  unsigned level() const { return level_; }

  struct Found {
    FirstSight* here = nullptr;  ///< in that partition; valid until the next Insert
    bool elsewhere = false;      ///< there is one in another partition
  };
  Found Find(const Fingerprint& fingerprint, std::int32_t partition);

  /// Of one that Find did not find. True: memory was full and the level rose; `sight` may then not
  /// be among the sample any more.
  bool Insert(const FirstSight& sight);

  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (const FirstSight& sight : slots_)
      if (sight.partition >= 0) visit(sight);
  }
  std::size_t size() const { return size_; }

 private:
  bool Sampled(const std::uint8_t* fingerprint) const;
  std::size_t PlaceOf(const std::uint8_t* fingerprint) const;
  std::size_t After(std::size_t place) const { return place + 1 == slots_.size() ? 0 : place + 1; }
  bool Full() const { return (size_ + 1) * 4 > slots_.size() * 3; }
  void Put(const FirstSight& sight);
  void Rebuild(std::size_t slots);

  KeyedHash hash_;
  std::size_t slots_max_;
  std::vector<FirstSight> slots_;
  std::size_t size_ = 0;
  unsigned level_ = 0;
};

}  // namespace semel::scan
