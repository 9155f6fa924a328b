// JSON strings: where one ends, and what its escapes stand for.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace semel {

struct JsonStringEnd {
  const char* quote = nullptr;  ///< the closing quote; null: this is no JSON string
  bool escaped = false;         ///< it has at least one escape
};

/// Appends what `raw` stands for: the text between the quotes of a string that ScanJsonString
/// accepted. False: it has a lone surrogate, which UTF-8 cannot hold; `out` is then undefined.
bool AppendDecodedJsonString(std::string_view raw, std::string& out);

namespace internal {

/// ScanJsonString for strings of any length.
JsonStringEnd ScanAnyJsonString(const char* p, const char* end, std::uint32_t& non_ascii);

#if defined(__SSE2__)
inline constexpr std::ptrdiff_t kStringBlock = 32;

/// A bit for each of the 32 bytes at `p` that is a quote, a backslash or a control character.
inline std::uint32_t SpecialBits(const char* p, std::uint32_t& non_ascii) {
  std::uint32_t special = 0;
  for (int half = 0; half < 2; ++half) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p) + half);
    const __m128i quote = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('"'));
    const __m128i backslash = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x1f)), bytes);
    const __m128i any = _mm_or_si128(_mm_or_si128(quote, backslash), control);
    special |= static_cast<std::uint32_t>(_mm_movemask_epi8(any)) << (16 * half);
    non_ascii |= static_cast<std::uint32_t>(_mm_movemask_epi8(bytes));
  }
  return special;
}
#endif

}  // namespace internal

/// Looks for the end of the string whose first character is at `p`, and checks everything in it
/// but UTF-8. Sets bits of `non_ascii` if it meets a byte above 127.
/// Cost: a few nanoseconds up to 31 characters, then about one for each 16.
inline JsonStringEnd ScanJsonString(const char* p, const char* end, std::uint32_t& non_ascii) {
#if defined(__SSE2__)
  // Nearly every string of a document ends here: no loop, so no branch that depends on its length.
  if (end - p >= internal::kStringBlock) {
    const std::uint32_t special = internal::SpecialBits(p, non_ascii);
    const char* const first = p + std::countr_zero(special);
    if (special != 0 && *first == '"') return {first, false};
  }
#endif
  return internal::ScanAnyJsonString(p, end, non_ascii);
}

}  // namespace semel
