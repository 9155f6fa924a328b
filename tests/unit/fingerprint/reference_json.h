// The slow and obvious second reading of JSON: a tree of everything, one character at a time. It
// shares no code with src/fingerprint, so that a mistake has to be made twice to go unseen.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace semel::reference {

struct Json {
  enum class Type { kNull, kTrue, kFalse, kNumber, kString, kArray, kObject };
  Type type = Type::kNull;
  std::string number;                 ///< as it was written
  std::u32string string;              ///< code points; a lone surrogate stays what it is
  std::vector<std::u32string> names;  ///< of an object's members, in their order, twins too
  std::vector<Json> elements;         ///< of an array; of an object, the values
};

/// Nothing where `bytes` are not one JSON text of RFC 8259, at most 64 deep.
std::optional<Json> ParseJson(const std::string& bytes);

/// Nothing where `bytes` are not UTF-8.
std::optional<std::u32string> DecodeUtf8(const std::string& bytes);

/// Nothing where `text` has a surrogate.
std::optional<std::string> EncodeUtf8(const std::u32string& text);

}  // namespace semel::reference
