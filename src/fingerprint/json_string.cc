#include "fingerprint/json_string.h"

#include <charconv>

namespace semel {
namespace {

constexpr std::size_t kHexDigits = 4;

bool IsPlain(char c) { return c != '"' && c != '\\' && static_cast<unsigned char>(c) >= 0x20; }

/// The first quote, backslash or control character at or after `p`, or `end`.
const char* SkipPlain(const char* p, const char* end, std::uint32_t& non_ascii) {
#if defined(__SSE2__)
  for (; end - p >= internal::kStringBlock; p += internal::kStringBlock) {
    const std::uint32_t special = internal::SpecialBits(p, non_ascii);
    if (special != 0) return p + std::countr_zero(special);
  }
#endif
  for (; p != end && IsPlain(*p); ++p) non_ascii |= static_cast<unsigned char>(*p) & 0x80u;
  return p;
}

bool IsHexDigit(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/// Past the escape whose backslash is at `p`, or null where it is none.
const char* SkipEscape(const char* p, const char* end) {
  if (++p == end) return nullptr;
  if (*p != 'u') {
    // Not find(): a zero byte is no escape either.
    return std::string_view("\"\\/bfnrt").find(*p) == std::string_view::npos ? nullptr : p + 1;
  }
  ++p;
  if (end - p < static_cast<std::ptrdiff_t>(kHexDigits)) return nullptr;
  for (std::size_t i = 0; i < kHexDigits; ++i, ++p) {
    if (!IsHexDigit(*p)) return nullptr;
  }
  return p;
}

char UnescapedCharacter(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;  // a quote, a backslash or a slash stands for itself
  }
}

bool IsHighSurrogate(std::uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool IsLowSurrogate(std::uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

void AppendUtf8(std::uint32_t point, std::string& out) {
  const auto continuation = [point](int shift) {
    return static_cast<char>(0x80 | ((point >> shift) & 0x3f));
  };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += {static_cast<char>(0xc0 | (point >> 6)), continuation(0)};
  } else if (point < 0x10000) {
    out += {static_cast<char>(0xe0 | (point >> 12)), continuation(6), continuation(0)};
  } else {
    out += {static_cast<char>(0xf0 | (point >> 18)), continuation(12), continuation(6),
            continuation(0)};
  }
}

/// Takes the `uXXXX` that `raw` begins with.
std::uint32_t TakeUnit(std::string_view& raw) {
  std::uint32_t unit = 0;
  std::from_chars(raw.data() + 1, raw.data() + 1 + kHexDigits, unit, 16);
  raw.remove_prefix(1 + kHexDigits);
  return unit;
}

/// Takes one `uXXXX` or, of a surrogate pair, `uXXXX\uXXXX`. False: a lone surrogate.
bool TakeCodePoint(std::string_view& raw, std::string& out) {
  std::uint32_t point = TakeUnit(raw);
  if (IsLowSurrogate(point)) return false;
  if (IsHighSurrogate(point)) {
    if (!raw.starts_with("\\u")) return false;
    raw.remove_prefix(1);
    const std::uint32_t low = TakeUnit(raw);
    if (!IsLowSurrogate(low)) return false;
    point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
  }
  AppendUtf8(point, out);
  return true;
}

}  // namespace

JsonStringEnd internal::ScanAnyJsonString(const char* p, const char* end,
                                          std::uint32_t& non_ascii) {
  JsonStringEnd result;
  for (;;) {
    p = SkipPlain(p, end, non_ascii);
    if (p == end) return {};
    if (*p == '"') {
      result.quote = p;
      return result;
    }
    if (*p != '\\') return {};  // a control character
    result.escaped = true;
    p = SkipEscape(p, end);
    if (p == nullptr) return {};
  }
}

bool AppendDecodedJsonString(std::string_view raw, std::string& out) {
  for (;;) {
    const std::size_t backslash = raw.find('\\');
    out.append(raw.substr(0, backslash));
    if (backslash == std::string_view::npos) return true;
    raw.remove_prefix(backslash + 1);
    if (raw.front() == 'u') {
      if (!TakeCodePoint(raw, out)) return false;
    } else {
      out.push_back(UnescapedCharacter(raw.front()));
      raw.remove_prefix(1);
    }
  }
}

}  // namespace semel
