#include "postgres/copy_text.h"

#include <simdjson.h>

#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace semel::postgres {
namespace {

bool IsSpecial(char c) { return c == '\\' || static_cast<unsigned char>(c) < 0x20; }

/// The first backslash or control character at or after `p`, or `end`.
const char* SkipPlain(const char* p, const char* end) {
#if defined(__SSE2__)
  constexpr std::ptrdiff_t kBlock = 16;
  for (; end - p >= kBlock; p += kBlock) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const auto special =
        static_cast<std::uint32_t>(_mm_movemask_epi8(_mm_or_si128(backslash, control)));
    if (special != 0) return p + std::countr_zero(special);
  }
#endif
  while (p != end && !IsSpecial(*p)) ++p;
  return p;
}

void AppendSpecial(char c, std::string& out) {
  switch (c) {
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += c;  // no other character means anything
  }
}

}  // namespace

void AppendField(std::string_view bytes, std::string& out) {
  const char* p = bytes.data();
  const char* const end = p + bytes.size();
  for (;;) {
    const char* const special = SkipPlain(p, end);
    out.append(p, special);
    if (special == end) return;
    AppendSpecial(*special, out);
    p = special + 1;
  }
}

bool AppendTextField(std::string_view bytes, std::string& out) {
  if (bytes.find('\0') != std::string_view::npos) return false;
  if (!simdjson::validate_utf8(bytes.data(), bytes.size())) return false;
  AppendField(bytes, out);
  return true;
}

}  // namespace semel::postgres
