// One part of a key rule, as text and as what it means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "semel/result.h"

namespace semel {

struct KeyPart {
  enum class Kind : std::uint8_t { kValue, kKey, kHeader, kJson };

  Kind kind = Kind::kValue;
  std::string header_name;        ///< of kHeader
  std::vector<std::string> path;  ///< of kJson: reference tokens, decoded; none: the whole document
};

/// Reads `value`, `key`, `header:NAME` or `json:PATH`.
/// Errors: kFix, quoting the part.
Result<KeyPart> ParseKeyPart(std::string_view text);

}  // namespace semel
