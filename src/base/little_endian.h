// Numbers as the formats on disk and in topics write them.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstring>
#include <string>
#include <string_view>

namespace semel {

static_assert(std::endian::native == std::endian::little,
              "numbers are copied as they lie in memory");

template <std::integral Number>
void AppendLittleEndian(Number value, std::string& out) {
  std::array<char, sizeof(Number)> bytes{};
  std::memcpy(bytes.data(), &value, bytes.size());
  out.append(bytes.data(), bytes.size());
}

/// Takes a number off the front of `from`. False, and nothing changed, where that is too short.
template <std::integral Number>
bool TakeLittleEndian(std::string_view& from, Number& value) {
  if (from.size() < sizeof(Number)) return false;
  std::memcpy(&value, from.data(), sizeof(Number));
  from.remove_prefix(sizeof(Number));
  return true;
}

}  // namespace semel
