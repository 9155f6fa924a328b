#include "postgres/convert.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <optional>

#include "fingerprint/json_string.h"
#include "postgres/copy_text.h"
#include "postgres/timestamp.h"

namespace semel::postgres {
namespace {

// PostgreSQL's limits of numeric.
constexpr std::int64_t kDigitsBeforePoint = 131072;
constexpr std::int64_t kDigitsBehindPoint = 16383;
constexpr std::int64_t kFarExponent = 1'000'000'000;

constexpr const char* kHalfCharacter = "has an escape of half a character (a lone surrogate)";
constexpr const char* kZeroCharacter = "has the character \\u0000";

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::size_t TakeDigits(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, IsDigit);
  const auto count = static_cast<std::size_t>(end - text.begin());
  text.remove_prefix(count);
  return count;
}

/// A number in the grammar of JSON, taken apart.
struct Number {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;  ///< beyond kFarExponent: some number that is beyond it too
};

std::optional<Number> ParseNumber(std::string_view text) {
  Number number;
  const auto take = [&text](char c) {
    if (!text.starts_with(c)) return false;
    text.remove_prefix(1);
    return true;
  };
  const auto digits = [&text] {
    const std::string_view from = text;
    return from.substr(0, TakeDigits(text));
  };
  number.negative = take('-');
  number.whole = digits();
  if (number.whole.empty() || (number.whole.front() == '0' && number.whole.size() > 1)) return {};
  if (take('.')) {
    number.fraction = digits();
    if (number.fraction.empty()) return {};
  }
  if (take('e') || take('E')) {
    const bool down = take('-');
    if (!down) take('+');
    const std::string_view exponent = digits();
    if (exponent.empty()) return {};
    for (const char digit : exponent)
      if (number.exponent <= kFarExponent) number.exponent = number.exponent * 10 + (digit - '0');
    if (down) number.exponent = -number.exponent;
  }
  if (!text.empty()) return {};
  return number;
}

/// The value, where it is whole and has 64 bits.
std::optional<std::int64_t> WholeValue(const Number& number) {
  constexpr std::size_t kMostDigits = 19;
  std::array<char, kMostDigits + 2> text{};
  std::size_t size = 0;
  std::int64_t zeros = 0;  // seen, not written
  const auto add = [&](char digit) {
    if (digit == '0') {
      ++zeros;
      return true;
    }
    if (size > 0)
      for (; zeros > 0 && size < kMostDigits; --zeros) text[++size] = '0';
    if (size == kMostDigits) return false;
    zeros = 0;
    text[++size] = digit;
    return true;
  };
  for (const std::string_view digits : {number.whole, number.fraction})
    for (const char digit : digits)
      if (!add(digit)) return {};
  if (size == 0) return 0;
  std::int64_t power = number.exponent - static_cast<std::int64_t>(number.fraction.size()) + zeros;
  if (power < 0 || power > static_cast<std::int64_t>(kMostDigits - size)) return {};
  for (; power > 0; --power) text[++size] = '0';
  text[0] = '-';
  const char* const begin = text.data() + (number.negative ? 0 : 1);
  std::int64_t value = 0;
  const auto [stop, error] = std::from_chars(begin, text.data() + size + 1, value);
  if (error != std::errc{} || stop != text.data() + size + 1) return {};
  return value;
}

/// Nearly all whole numbers are plain digits; others may be, as in 1e3 and 5.0.
std::optional<std::int64_t> ParseWhole(std::string_view text) {
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc{} && stop == end) return value;
  const std::optional<Number> number = ParseNumber(text);
  return number ? WholeValue(*number) : std::nullopt;
}

void AppendInteger(std::int64_t value, std::string& out) {
  std::array<char, 24> text{};
  out.append(text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr);
}

const char* AppendBigint(std::string_view text, std::string& out) {
  const auto value = ParseWhole(text);
  if (!value) return "is no whole number of 64 bits";
  AppendInteger(*value, out);
  return nullptr;
}

const char* AppendNumeric(std::string_view text, std::string& out) {
  const auto number = ParseNumber(text);
  if (!number) return "is no number";
  const auto whole = static_cast<std::int64_t>(number->whole.size());
  const auto fraction = static_cast<std::int64_t>(number->fraction.size());
  if (whole + number->exponent > kDigitsBeforePoint ||
      fraction - number->exponent > kDigitsBehindPoint || fraction > kDigitsBehindPoint ||
      whole > kDigitsBeforePoint)
    return "is beyond the range of numeric";
  out.append(text);
  return nullptr;
}

const char* AppendBoolean(std::string_view text, std::string& out) {
  if (text != "true" && text != "false") return "is neither true nor false";
  out += text.front();
  return nullptr;
}

const char* AppendTimestamptz(std::string_view text, bool quoted, std::string& out) {
  constexpr const char* kNoTime =
      "is no time: ISO 8601 (UTC where it has no zone), or milliseconds since the epoch";
  if (quoted && AppendTimestamp(text, out)) return nullptr;
  const auto milliseconds = ParseWhole(text);
  return milliseconds && AppendTimestamp(*milliseconds, out) ? nullptr : kNoTime;
}

/// jsonb holds no \u0000 and no half of a surrogate pair. All else that is JSON it takes; numbers
/// of more than numeric's digits are left to the server.
const char* AppendJsonb(std::string_view json, std::string& scratch, std::string& out) {
  std::size_t at = json.find('\\');
  if (at != std::string_view::npos) {
    // Decoded as if it were one string: what is between strings has no backslashes.
    scratch.clear();
    if (!AppendDecodedJsonString(json.substr(at), scratch)) return kHalfCharacter;
    if (scratch.find('\0') != std::string::npos) return kZeroCharacter;
  }
  AppendField(json, out);
  return nullptr;
}

}  // namespace

const char* ToString(ColumnType type) {
  switch (type) {
    case ColumnType::kText:
      return "text";
    case ColumnType::kBigint:
      return "bigint";
    case ColumnType::kNumeric:
      return "numeric";
    case ColumnType::kBoolean:
      return "boolean";
    case ColumnType::kTimestamptz:
      return "timestamptz";
    case ColumnType::kJsonb:
      return "jsonb";
  }
  return "";
}

const char* FieldConverter::Append(std::string_view json, ColumnType type, std::string& out) {
  if (json == "null") {
    out += kNullField;
    return nullptr;
  }
  if (type == ColumnType::kJsonb) return AppendJsonb(json, decoded_, out);
  if (type == ColumnType::kText) return AppendText(json, out);
  const bool quoted = json.front() == '"';
  std::string_view text = quoted ? json.substr(1, json.size() - 2) : json;
  if (quoted && text.find('\\') != std::string_view::npos) {  // some write \u002B for a plus
    decoded_.clear();
    if (!AppendDecodedJsonString(text, decoded_)) return kHalfCharacter;
    text = decoded_;
  }
  switch (type) {
    case ColumnType::kBigint:
      return AppendBigint(text, out);
    case ColumnType::kNumeric:
      return AppendNumeric(text, out);
    case ColumnType::kBoolean:
      return AppendBoolean(text, out);
    default:
      return AppendTimestamptz(text, quoted, out);
  }
}

/// A string is its characters, anything else its JSON.
const char* FieldConverter::AppendText(std::string_view json, std::string& out) {
  if (json.front() != '"') {
    AppendField(json, out);
    return nullptr;
  }
  std::string_view text = json.substr(1, json.size() - 2);
  if (text.find('\\') == std::string_view::npos) {
    out += text;  // no control characters in there
    return nullptr;
  }
  decoded_.clear();
  if (!AppendDecodedJsonString(text, decoded_)) return kHalfCharacter;
  if (decoded_.find('\0') != std::string::npos) return kZeroCharacter;
  AppendField(decoded_, out);
  return nullptr;
}

}  // namespace semel::postgres
