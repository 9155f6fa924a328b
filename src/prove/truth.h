// The truth file: what `semel prove produce` sent and the brokers acknowledged, by sequence, a JSON
// object a line.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "prove/digest.h"
#include "semel/result.h"

namespace semel::prove {

struct TruthLine {
  std::uint64_t sequence = 0;
  std::uint64_t uid = 0;
  std::string event_id;  ///< empty where the record has none
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = 0;
  std::optional<std::string> key;
  Digest digest;  ///< of key, value and headers
  bool operator==(const TruthLine&) const = default;
};

/// Without the newline.
std::string FormatTruth(const TruthLine& line);

/// Errors: kFix, saying what is wrong with the line.
Result<TruthLine> ParseTruth(std::string_view text);

}  // namespace semel::prove
