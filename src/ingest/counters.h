// What a server counts, by thread: one writes, anybody reads.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace semel::ingest {

inline constexpr std::size_t kStatusEnd = 600;
/// Upper bounds in seconds; one more bucket takes what is above.
inline constexpr std::array<double, 11> kDurationBounds{0.002, 0.005, 0.01, 0.02, 0.05, 0.1,
                                                        0.25,  0.5,   1.0,  5.0,  15.0};

struct alignas(64) Counters {
  using Count = std::atomic<std::uint64_t>;

  std::array<Count, kStatusEnd> requests{};  ///< by status
  std::array<Count, 4> events{};             ///< by EventResult
  std::array<Count, kDurationBounds.size() + 1> durations{};
  Count duration_us = 0;   ///< their sum
  Count bytes = 0;         ///< of bodies, as they came
  Count in_flight = 0;     ///< requests of which a byte came and that are not answered, now
  Count connections = 0;   ///< now
  Count turning_away = 0;  ///< connections above the bound that are being told so, now

  void AddDuration(std::chrono::steady_clock::duration duration) {
    const double seconds = std::chrono::duration<double>(duration).count();
    const auto* const bound =
        std::lower_bound(kDurationBounds.begin(), kDurationBounds.end(), seconds);
    durations[static_cast<std::size_t>(bound - kDurationBounds.begin())].fetch_add(
        1, std::memory_order_relaxed);
    duration_us.fetch_add(static_cast<std::uint64_t>(seconds * 1e6), std::memory_order_relaxed);
  }
};

}  // namespace semel::ingest
