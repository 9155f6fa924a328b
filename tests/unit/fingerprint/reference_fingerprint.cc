#include "reference_fingerprint.h"

#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdio>
#include <map>
#include <utility>

#include "reference_json.h"

namespace semel::reference {
namespace {

struct BadRule {};
struct Invalid {};

std::string Varint(std::size_t number) {
  if (number < 128) return std::string(1, static_cast<char>(number));
  std::string out(1, static_cast<char>(128 + number % 128));
  out += Varint(number / 128);
  return out;
}

std::string Prefixed(const std::string& bytes) { return Varint(bytes.size()) + bytes; }

std::string Tagged(char tag, const std::string& bytes) {
  std::string out(1, tag);
  out += bytes;
  return out;
}

std::string Text(const std::u32string& text) {
  const std::optional<std::string> bytes = EncodeUtf8(text);
  if (!bytes) throw Invalid();
  return *bytes;
}

/// Moves the point to the right end, then takes the zeros off.
std::string Decimal(std::string number) {
  std::string sign;
  if (number[0] == '-') {
    sign = "-";
    number.erase(0, 1);
  }
  std::string exponent_text;
  if (const std::size_t e = number.find('e'); e != std::string::npos) {
    exponent_text = number.substr(e + 1);
    number.erase(e);
  }
  long long shift = 0;
  if (const std::size_t point = number.find('.'); point != std::string::npos) {
    shift = -static_cast<long long>(number.size() - point - 1);
    number.erase(point, 1);
  }
  while (!number.empty() && number[0] == '0') number.erase(0, 1);
  if (number.empty()) return "0";
  while (number.back() == '0') {
    number.pop_back();
    ++shift;
  }
  bool negative = false;
  if (!exponent_text.empty() && (exponent_text[0] == '-' || exponent_text[0] == '+')) {
    negative = exponent_text[0] == '-';
    exponent_text.erase(0, 1);
  }
  while (exponent_text.size() > 1 && exponent_text[0] == '0') exponent_text.erase(0, 1);
  if (exponent_text.size() > 15) throw Invalid();
  long long exponent = exponent_text.empty() ? 0 : std::stoll(exponent_text);
  exponent = (negative ? -exponent : exponent) + shift;
  if (exponent < -999999999 || exponent > 999999999) throw Invalid();
  return sign + number + "e" + std::to_string(exponent);
}

std::string Encode(const Json& json) {
  switch (json.type) {
    case Json::Type::kNull:
      return "n";
    case Json::Type::kTrue:
      return "t";
    case Json::Type::kFalse:
      return "f";
    case Json::Type::kNumber:
      return Tagged('d', Prefixed(Decimal(json.number)));
    case Json::Type::kString:
      return Tagged('s', Prefixed(Text(json.string)));
    case Json::Type::kArray: {
      std::string out = Tagged('a', Varint(json.elements.size()));
      for (const Json& element : json.elements) out += Encode(element);
      return out;
    }
    case Json::Type::kObject:
      break;
  }
  std::map<std::string, std::string> sorted;  // std::string compares as unsigned bytes
  for (std::size_t i = 0; i < json.names.size(); ++i) {
    sorted[Text(json.names[i])] = Encode(json.elements[i]);
  }
  if (sorted.size() != json.names.size()) throw Invalid();
  std::string out = Tagged('o', Varint(sorted.size()));
  for (const auto& [name, value] : sorted) out += Prefixed(name) + value;
  return out;
}

std::vector<std::string> SplitAll(const std::string& text, char separator) {
  std::vector<std::string> pieces(1);
  for (const char c : text) {
    if (c == separator) {
      pieces.emplace_back();
    } else {
      pieces.back() += c;
    }
  }
  return pieces;
}

std::vector<std::string> Path(const std::string& path) {
  if (!DecodeUtf8(path)) throw BadRule();
  if (path.empty()) return {};
  if (path[0] != '/') return SplitAll(path, '.');
  std::vector<std::string> tokens;
  for (const std::string& token : SplitAll(path.substr(1), '/')) {
    std::string name;
    for (std::size_t i = 0; i < token.size(); ++i) {
      const std::string two = token.substr(i, 2);
      if (token[i] == '~' && two != "~0" && two != "~1") throw BadRule();
      name += two == "~0" ? '~' : two == "~1" ? '/' : token[i];
      if (token[i] == '~') ++i;
    }
    tokens.push_back(name);
  }
  return tokens;
}

const Json* Find(const Json& document, const std::vector<std::string>& path) {
  const Json* at = &document;
  for (const std::string& token : path) {
    const Json* next = nullptr;
    for (std::size_t i = 0; i < at->elements.size(); ++i) {
      const bool is_member = at->type == Json::Type::kObject;
      if (is_member ? EncodeUtf8(at->names[i]) != token : std::to_string(i) != token) continue;
      if (next != nullptr) throw Invalid();
      next = &at->elements[i];
    }
    if (next == nullptr) return nullptr;
    at = next;
  }
  return at;
}

std::string OrNull(const std::optional<std::string>& bytes, bool& missing) {
  missing = missing || !bytes;
  return bytes ? Tagged('\x01', Prefixed(*bytes)) : std::string(1, '\x02');
}

std::string JsonPart(const std::vector<std::string>& path, const Event& event, bool& missing) {
  if (!event.value) return OrNull(event.value, missing);
  const std::optional<Json> document = ParseJson(*event.value);
  if (!document) throw Invalid();
  const Json* found = Find(*document, path);
  missing = missing || found == nullptr || found->type == Json::Type::kNull;
  return found == nullptr ? std::string(1, '\0') : Tagged('\x10', Encode(*found));
}

std::string HeaderPart(const std::string& name, const Event& event, bool& missing) {
  std::string part;
  bool part_missing = true;
  for (const auto& [header, value] : event.headers) {
    if (header != name) continue;
    part_missing = false;
    part = OrNull(value, part_missing);
  }
  missing = missing || part_missing;
  return part.empty() ? std::string(1, '\0') : part;
}

std::string Part(const std::string& part, const Event& event, bool& missing) {
  if (part == "value") return OrNull(event.value, missing);
  if (part == "key") return OrNull(event.key, missing);
  if (part.rfind("header:", 0) == 0) return HeaderPart(part.substr(7), event, missing);
  if (part.rfind("json:", 0) == 0) return JsonPart(Path(part.substr(5)), event, missing);
  throw BadRule();
}

std::string Hash(const Rule& rule, const std::string& encoding) {
  std::array<unsigned char, 32> sum{};
  const auto* bytes = reinterpret_cast<const unsigned char*>(encoding.data());
  if (rule.secret.empty()) {
    SHA256(bytes, encoding.size(), sum.data());
  } else {
    unsigned size = 0;
    HMAC(EVP_sha256(), rule.secret.data(), static_cast<int>(rule.secret.size()), bytes,
         encoding.size(), sum.data(), &size);
  }
  std::string hex;
  for (std::size_t i = 0; i < static_cast<std::size_t>(rule.bits) / 8; ++i) {
    std::array<char, 3> digits{};
    std::snprintf(digits.data(), digits.size(), "%02x", static_cast<unsigned>(sum[i]));
    hex += digits.data();
  }
  return hex;
}

}  // namespace

std::string Fingerprint(const Rule& rule, const Event& event) {
  try {
    std::string encoding = "SEMEL\x01" + Prefixed(rule.name_space) + Varint(rule.parts.size());
    bool missing = false;
    for (const std::string& part : rule.parts) {
      if (part.rfind("json:", 0) == 0) Path(part.substr(5));
    }
    for (const std::string& part : rule.parts) encoding += Part(part, event, missing);
    return (missing ? "missing " : "ok ") + Hash(rule, encoding);
  } catch (const Invalid&) {
    return "invalid -";
  } catch (const BadRule&) {
    return "bad rule";
  }
}

}  // namespace semel::reference
