// What is remembered of a record's content, so that a later copy can be compared part by part.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "semel/record.h"

namespace semel::prove {

/// The first 8 bytes of SHA-256 of each part. Null and empty differ; order, repetition and null
/// values of headers count.
struct Digest {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
  std::uint64_t headers = 0;
  bool operator==(const Digest&) const = default;
};

Digest DigestOf(const Bytes& key, const Bytes& value, std::span<const Header> headers);

/// 48 lower-case hex digits: key, value, headers.
std::string ToHex(const Digest& digest);

/// 16 lower-case hex digits.
std::string ToHex(std::uint64_t number);

/// Reads exactly 16 lower-case hex digits.
std::optional<std::uint64_t> ParseHex(std::string_view text);

}  // namespace semel::prove
