// How much a client may ask of `semel serve`. Every bound is finite, and each has a flag.
#pragma once

#include <chrono>
#include <cstddef>

namespace semel::ingest {

struct Limits {
  std::size_t header_bytes = std::size_t{16} << 10U;
  std::size_t header_fields = 64;
  std::size_t body_bytes = std::size_t{1} << 20U;          ///< as it comes, compressed or not
  std::size_t decompressed_bytes = std::size_t{8} << 20U;  ///< of a compressed body
  std::size_t compression_ratio = 100;                     ///< decompressed to compressed bytes
  std::size_t batch_events = 1000;

  std::chrono::milliseconds header_time{10'000};  ///< from a request's first byte; also handshakes
  std::chrono::milliseconds body_grace{10'000};   ///< before body_rate counts
  std::size_t body_rate = 1000;                   ///< bytes a second
  std::chrono::milliseconds idle_time{30'000};    ///< between requests

  std::size_t connections = 1024;
  std::size_t events_in_flight = 100'000;  ///< that Kafka has not acknowledged
  std::size_t bytes_in_flight = std::size_t{128}
                                << 20U;  ///< bodies held; and again in the producer
};

/// Memory that one request may take of bytes_in_flight: its body, and what that becomes, in a
/// buffer that doubles as it grows.
inline std::size_t LargestRequest(const Limits& limits) {
  return limits.body_bytes + 2 * (limits.decompressed_bytes + (std::size_t{64} << 10U));
}

}  // namespace semel::ingest
