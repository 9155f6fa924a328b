// A message as the consumers of this library hand it out, and where it is.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "semel/record.h"

namespace semel {

/// Views into memory that is shared with the messages that were fetched with it: that memory, up
/// to 4 MB, lives as long as any of them. Copying is cheap. Whoever keeps single messages for long
/// should copy the bytes instead. A message may outlive the consumer that it came from.
/// Threads: any, as for a std::shared_ptr.
struct Message {
  std::string_view topic{};
  std::int32_t partition = -1;
  std::int64_t offset = -1;
  std::int64_t timestamp_ms = -1;  ///< since the epoch; -1 where it has none
  Bytes key{};                     ///< null or bytes, as Kafka has it
  Bytes value{};
  std::span<const Header> headers{};     ///< in their order, names may repeat
  std::shared_ptr<const void> memory{};  ///< keeps what the views point into
};

struct TopicPartition {
  std::string topic{};
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

/// The offset of the next message of each partition: one more than the last that is done.
using Offsets = std::map<TopicPartition, std::int64_t>;

}  // namespace semel
