#include "reference_json.h"

#include <cstddef>
#include <utility>

namespace semel::reference {
namespace {

struct Bad {};

bool IsSurrogate(char32_t c) { return c >= 0xd800 && c <= 0xdfff; }

class Parser {
 public:
  explicit Parser(std::u32string text) : text_(std::move(text)) {}

  Json ParseAll() {
    Space();
    Json json = Value(0);
    Space();
    if (at_ != text_.size()) throw Bad();
    return json;
  }

 private:
  static constexpr char32_t kEnd = 0xffffffff;

  char32_t Peek() const { return at_ < text_.size() ? text_[at_] : kEnd; }
  char32_t Take() {
    if (at_ == text_.size()) throw Bad();
    return text_[at_++];
  }
  void Expect(const std::u32string& word) {
    for (const char32_t c : word) {
      if (Take() != c) throw Bad();
    }
  }
  void Space() {
    while (Peek() == U' ' || Peek() == U'\t' || Peek() == U'\n' || Peek() == U'\r') ++at_;
  }

  Json Value(int depth) {
    Json json;
    const char32_t c = Peek();
    if (c == U'{' || c == U'[') {
      if (depth == 64) throw Bad();
      return c == U'{' ? Object(depth + 1) : Array(depth + 1);
    }
    if (c == U'"') {
      json.type = Json::Type::kString;
      json.string = String();
    } else if (c == U'n') {
      Expect(U"null");
    } else if (c == U't') {
      Expect(U"true");
      json.type = Json::Type::kTrue;
    } else if (c == U'f') {
      Expect(U"false");
      json.type = Json::Type::kFalse;
    } else {
      json.type = Json::Type::kNumber;
      json.number = Number();
    }
    return json;
  }

  Json Object(int depth) {
    Json json;
    json.type = Json::Type::kObject;
    Expect(U"{");
    Space();
    if (Peek() == U'}') {
      Take();
      return json;
    }
    for (;;) {
      Space();
      json.names.push_back(String());
      Space();
      Expect(U":");
      Space();
      json.elements.push_back(Value(depth));
      Space();
      const char32_t c = Take();
      if (c == U'}') return json;
      if (c != U',') throw Bad();
    }
  }

  Json Array(int depth) {
    Json json;
    json.type = Json::Type::kArray;
    Expect(U"[");
    Space();
    if (Peek() == U']') {
      Take();
      return json;
    }
    for (;;) {
      Space();
      json.elements.push_back(Value(depth));
      Space();
      const char32_t c = Take();
      if (c == U']') return json;
      if (c != U',') throw Bad();
    }
  }

  char32_t Hex4() {
    char32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const std::u32string digits = U"0123456789abcdef0123456789ABCDEF";
      const std::size_t digit = digits.find(Take());
      if (digit == std::u32string::npos) throw Bad();
      code = code * 16 + static_cast<char32_t>(digit % 16);
    }
    return code;
  }

  char32_t Escape() {
    const std::u32string letters = U"\"\\/bfnrt";
    const std::u32string meanings = U"\"\\/\b\f\n\r\t";
    const char32_t c = Take();
    if (c == U'u') return Hex4();
    const std::size_t index = letters.find(c);
    if (index == std::u32string::npos) throw Bad();
    return meanings[index];
  }

  std::u32string String() {
    std::u32string units;
    Expect(U"\"");
    for (;;) {
      const char32_t c = Take();
      if (c == U'"') return JoinSurrogates(units);
      if (c < 0x20) throw Bad();
      units.push_back(c == U'\\' ? Escape() : c);
    }
  }

  static std::u32string JoinSurrogates(const std::u32string& units) {
    std::u32string points;
    for (std::size_t i = 0; i < units.size(); ++i) {
      const bool pair = units[i] >= 0xd800 && units[i] <= 0xdbff && i + 1 < units.size() &&
                        units[i + 1] >= 0xdc00 && units[i + 1] <= 0xdfff;
      if (pair) {
        points.push_back(0x10000 + (units[i] - 0xd800) * 0x400 + (units[i + 1] - 0xdc00));
        ++i;
      } else {
        points.push_back(units[i]);
      }
    }
    return points;
  }

  bool AtDigit() const { return Peek() >= U'0' && Peek() <= U'9'; }

  void Digits(std::string& out) {
    if (!AtDigit()) throw Bad();
    while (AtDigit()) out.push_back(static_cast<char>(Take()));
  }

  std::string Number() {
    std::string out;
    if (Peek() == U'-') out.push_back(static_cast<char>(Take()));
    if (Peek() == U'0') {
      out.push_back(static_cast<char>(Take()));
    } else {
      Digits(out);
    }
    if (Peek() == U'.') {
      out.push_back(static_cast<char>(Take()));
      Digits(out);
    }
    if (Peek() == U'e' || Peek() == U'E') {
      Take();
      out.push_back('e');
      if (Peek() == U'+' || Peek() == U'-') out.push_back(static_cast<char>(Take()));
      Digits(out);
    }
    return out;
  }

  std::u32string text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::u32string> DecodeUtf8(const std::string& bytes) {
  std::u32string text;
  for (std::size_t i = 0; i < bytes.size();) {
    const auto lead = static_cast<unsigned char>(bytes[i]);
    std::size_t length = 1;
    if (lead >= 0xf0) {
      length = 4;
    } else if (lead >= 0xe0) {
      length = 3;
    } else if (lead >= 0x80) {
      length = 2;
    }
    char32_t point = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u;
      if ((next & 0xc0u) != 0x80u) return std::nullopt;
      point = point * 64 + (next & 0x3fu);
    }
    // Re-encoding tells at once: overlong forms, surrogates, what is too large, wrong leads.
    const std::optional<std::string> again = EncodeUtf8(std::u32string(1, point));
    if (!again || *again != bytes.substr(i, length)) return std::nullopt;
    text.push_back(point);
    i += length;
  }
  return text;
}

std::optional<std::string> EncodeUtf8(const std::u32string& text) {
  std::string bytes;
  for (const char32_t c : text) {
    if (IsSurrogate(c) || c > 0x10ffff) return std::nullopt;
    if (c < 0x80) {
      bytes.push_back(static_cast<char>(c));
    } else if (c < 0x800) {
      bytes.push_back(static_cast<char>(0xc0 + c / 64));
      bytes.push_back(static_cast<char>(0x80 + c % 64));
    } else if (c < 0x10000) {
      bytes.push_back(static_cast<char>(0xe0 + c / 4096));
      bytes.push_back(static_cast<char>(0x80 + c / 64 % 64));
      bytes.push_back(static_cast<char>(0x80 + c % 64));
    } else {
      bytes.push_back(static_cast<char>(0xf0 + c / 262144));
      bytes.push_back(static_cast<char>(0x80 + c / 4096 % 64));
      bytes.push_back(static_cast<char>(0x80 + c / 64 % 64));
      bytes.push_back(static_cast<char>(0x80 + c % 64));
    }
  }
  return bytes;
}

std::optional<Json> ParseJson(const std::string& bytes) {
  const std::string mark = "\xef\xbb\xbf";
  const std::optional<std::u32string> text =
      DecodeUtf8(bytes.substr(0, 3) == mark ? bytes.substr(3) : bytes);
  if (!text) return std::nullopt;
  try {
    return Parser(*text).ParseAll();
  } catch (const Bad&) {
    return std::nullopt;
  }
}

}  // namespace semel::reference
