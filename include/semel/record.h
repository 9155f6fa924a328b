// A record as it flows from source to sink: views into memory that its source keeps.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace semel {

/// Bytes that may be null, as Kafka's keys, values and header values may.
using Bytes = std::optional<std::string_view>;

struct Header {
  std::string_view name;
  Bytes value{};
};

/// One record of a topic. All views are valid as long as the batch that it came in.
/// Threads: as for a view: any may read, at once, while nobody changes what it points into.
struct Record {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  /// Milliseconds since the epoch; -1 where the record has none.
  std::int64_t timestamp_ms = -1;
  Bytes key;
  Bytes value{};
  std::span<const Header> headers;  ///< in their order, names may repeat
};

}  // namespace semel
