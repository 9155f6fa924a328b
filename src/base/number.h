// Numbers in texts that people or other programs wrote.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string_view>

namespace semel {

/// The number that `text` is, from its first to its last character: no blank, no '+', no unit.
/// Nothing for another text, and for what does not fit.
template <std::integral Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end) return std::nullopt;
  return number;
}

/// One that is not below 0, as offsets and times are.
inline std::optional<std::int64_t> ParseCount(std::string_view text) {
  const auto number = ParseNumber<std::int64_t>(text);
  return number && *number >= 0 ? number : std::nullopt;
}

}  // namespace semel
