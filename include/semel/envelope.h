// A message's value as one JSON object that says what it is, by whom and when.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "semel/result.h"

namespace semel {

/// The JSON object
///   {"message_id": 7, "content": "text", "producer_id": "web-1",
///    "timestamp": "2026-11-23T09:28:33.123456+00:00", "metadata": {"any": "JSON"}}
/// as Python's json.dumps writes it and json.loads reads it. Strings are UTF-8.
/// Threads: as std::string.
struct Envelope {
  std::int64_t message_id = 0;
  std::string content{};
  std::string producer_id{};
  std::string timestamp{};  ///< ISO 8601, as in IsoTimestamp; it is not looked into
  /// The text of a JSON object. What FromJson puts here is the text as it was, byte by byte.
  std::string metadata = "{}";

  /// One line when `metadata` is one, without a line feed at its end.
  /// Errors: kFix, naming the field that is not UTF-8, or metadata that is not a JSON object.
  Result<std::string> ToJson() const;

  /// Members may be in any order; others are passed over. A metadata that is absent or null is {}.
  /// Errors: kFix: the text is not JSON, and where; the field that is absent or of another type,
  /// and what was found; a member that occurs twice; arrays and objects nested more than 64 deep;
  /// a message_id beyond 64 bits.
  static Result<Envelope> FromJson(std::string_view text);
};

/// `time` in UTC with microseconds, as Python's datetime.isoformat() writes it:
/// 2026-11-23T09:28:33.123456+00:00
std::string IsoTimestamp(std::chrono::system_clock::time_point time);

}  // namespace semel
