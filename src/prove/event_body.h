// The JSON values that `semel prove produce` sends.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace semel::prove {

enum class Shape : std::uint8_t {
  kViewEvent,  ///< a video service's view event: 136 fields, about 4.3 KB
  kSmall,      ///< 6 fields, about 0.2 KB
};

/// How the member `event_id` appears.
enum class IdMember : std::uint8_t { kPresent, kAbsent, kNull };

struct EventBody {
  Shape shape = Shape::kSmall;
  std::uint64_t seed = 0;  ///< of all that is random in the event
  std::string_view event_id;
  IdMember id_member = IdMember::kPresent;
  std::int64_t time_ms = 0;  ///< milliseconds since the epoch, of the event's first sending
};

/// The same body gives the same bytes, in every process.
std::string ToJson(const EventBody& body);

/// A UUID made from `seed`: 36 characters.
std::string UuidFrom(std::uint64_t seed);

}  // namespace semel::prove
