#include "prove/digest.h"

#include <openssl/sha.h>

#include <array>

namespace semel::prove {
namespace {

// Lengths go in front, so that no two lists of parts have the same bytes. 2^64 - 1 stands for null.
void AppendLength(std::string& out, std::uint64_t length) {
  for (int i = 0; i < 8; ++i) out.push_back(static_cast<char>(length >> (8 * i)));
}

void AppendPart(std::string& out, const Bytes& part) {
  AppendLength(out, part ? part->size() : ~std::uint64_t{0});
  if (part) out.append(*part);
}

std::uint64_t Hash(std::string_view bytes) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> hash{};
  // OpenSSL wants unsigned bytes; the types alias legally.
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), hash.data());
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < 8; ++i) first = first << 8U | hash[i];
  return first;
}

}  // namespace

Digest DigestOf(const Bytes& key, const Bytes& value, std::span<const Header> headers) {
  Digest digest;
  std::string scratch;
  AppendPart(scratch, key);
  digest.key = Hash(scratch);
  scratch.clear();
  AppendPart(scratch, value);
  digest.value = Hash(scratch);
  scratch.clear();
  for (const Header& header : headers) {
    AppendPart(scratch, header.name);
    AppendPart(scratch, header.value);
  }
  digest.headers = Hash(scratch);
  return digest;
}

std::string ToHex(const Digest& digest) {
  return ToHex(digest.key) + ToHex(digest.value) + ToHex(digest.headers);
}

std::string ToHex(std::uint64_t number) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (std::size_t i = 16; i-- > 0; number >>= 4U) text[i] = kDigits[number & 15U];
  return text;
}

std::optional<std::uint64_t> ParseHex(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number = number << 4U | static_cast<std::uint64_t>(c - '0');
    } else if (c >= 'a' && c <= 'f') {
      number = number << 4U | static_cast<std::uint64_t>(c - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return number;
}

}  // namespace semel::prove
