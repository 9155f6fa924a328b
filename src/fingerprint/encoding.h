// The building blocks of everything that is hashed: unsigned LEB128 and length-prefixed bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace semel {

inline void AppendVarint(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7) {
    out.push_back(static_cast<char>((number & 0x7f) | 0x80));
  }
  out.push_back(static_cast<char>(number));
}

/// The length of `bytes`, then `bytes`: no two lists of byte strings are written the same way.
inline void AppendPrefixed(std::string& out, std::string_view bytes) {
  AppendVarint(out, bytes.size());
  out.append(bytes);
}

}  // namespace semel
