// A message as it is given to a producer or to a transaction.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "semel/record.h"

namespace semel {

/// What Send takes. All bytes are copied before Send returns.
/// Threads: views; nobody may change what they point into while Send runs.
struct OutgoingMessage {
  std::string_view topic{};
  Bytes key{};  ///< null: none
  Bytes value{};
  std::span<const Header> headers{};  ///< in their order, names may repeat
  std::int64_t timestamp_ms = -1;     ///< since the epoch, 1 or above; -1: now
  /// -1: by the key's murmur2 hash, as Java's producer chooses; without a key, one after another at
  /// random, a few milliseconds each. The property `partitioner` chooses another way.
  std::int32_t partition = -1;
  /// Comes back in Delivery::tag, for the caller's use; below 2^63.
  std::uint64_t tag = 0;
};

}  // namespace semel
