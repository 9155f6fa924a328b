#include "fingerprint/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "fingerprint/encoding.h"

namespace semel {
namespace {

constexpr std::int64_t kMaxExponent = 999'999'999;

/// Where reading an exponent stops: so far out that no number of digits before or after the point,
/// as many as memory holds, brings it back.
constexpr std::int64_t kFarExponent = 1'000'000'000'000'000;

/// The number after `e`; beyond +-kFarExponent some number that is beyond it too.
std::int64_t ParseExponent(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  std::int64_t exponent = 0;
  for (const char digit : text) {
    if (exponent > kFarExponent) break;
    exponent = exponent * 10 + (digit - '0');
  }
  return negative ? -exponent : exponent;
}

/// Power of ten of the digit at `at` of a mantissa with its point at `point`.
std::int64_t PowerOfDigit(std::size_t at, std::size_t point) {
  const auto distance = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(at);
  return distance > 0 ? distance - 1 : distance;
}

}  // namespace

bool AppendDecimal(std::string_view number, std::string& out) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  const std::size_t e = number.find_first_of("eE");
  const std::string_view mantissa = number.substr(0, e);
  const std::size_t first = mantissa.find_first_not_of("0.");
  if (first == std::string_view::npos) {
    AppendPrefixed(out, "0");
    return true;
  }
  const std::size_t last = mantissa.find_last_not_of("0.");
  const std::size_t point = std::min(mantissa.find('.'), mantissa.size());
  const std::int64_t written =
      e == std::string_view::npos ? 0 : ParseExponent(number.substr(e + 1));
  const std::int64_t exponent = written + PowerOfDigit(last, point);
  if (exponent > kMaxExponent || exponent < -kMaxExponent) return false;

  std::array<char, 16> exponent_text{};
  const char* const exponent_end =
      std::to_chars(exponent_text.begin(), exponent_text.end(), exponent).ptr;
  const std::string_view tail(exponent_text.data(), exponent_end);
  const bool has_point = first < point && point < last;
  const std::size_t digits = last + 1 - first - (has_point ? 1 : 0);

  AppendVarint(out, (negative ? 1 : 0) + digits + 1 + tail.size());
  if (negative) out.push_back('-');
  if (has_point) {
    out.append(mantissa.substr(first, point - first));
    out.append(mantissa.substr(point + 1, last - point));
  } else {
    out.append(mantissa.substr(first, digits));
  }
  out.push_back('e');
  out.append(tail);
  return true;
}

}  // namespace semel
