#include "fingerprint_vectors.h"

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <ostream>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "fingerprint/secret.h"
#include "semel/fingerprint.h"

namespace semel::app {
namespace {

using Json = nlohmann::json;
using OwnedBytes = std::optional<std::string>;

struct Vector {
  std::string note;
  KeyRule rule;
  OwnedBytes key;
  OwnedBytes value;
  std::vector<std::pair<std::string, OwnedBytes>> headers;
  std::string status;
  std::string fingerprint;  ///< hex; `-` where there is none
};

/// The member `name`; a null where there is none.
const Json& Field(const Json& object, const char* name) {
  static const Json kNull;
  const auto found = object.find(name);
  return found == object.end() ? kNull : *found;
}

Error Wrong(std::string_view what) { return {Action::kFix, std::string(what)}; }

Result<std::string> DecodeBase64(std::string_view text) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  std::uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    const std::size_t digit = kDigits.find(c);
    if (digit == std::string_view::npos) return Wrong("has base64 with a wrong character");
    bits = (bits << 6) | static_cast<std::uint32_t>(digit);
    count += 6;
    if (count >= 8) {
      count -= 8;
      bytes.push_back(static_cast<char>((bits >> count) & 0xff));
    }
  }
  if (count >= 6) return Wrong("has base64 that is cut off");
  return bytes;
}

/// Base64, or null for none.
Result<OwnedBytes> ReadBytes(const Json& json) {
  if (json.is_null()) return OwnedBytes{};
  if (!json.is_string()) return Wrong("has a key, value or header value that is no text");
  SEMEL_TRY_ASSIGN(std::string bytes, DecodeBase64(json.get_ref<const std::string&>()));
  return OwnedBytes(std::move(bytes));
}

/// Text, or null for `otherwise`.
Result<std::string> ReadText(const Json& object, const char* name, std::string otherwise) {
  const Json& json = Field(object, name);
  if (json.is_null()) return otherwise;
  if (!json.is_string()) return Wrong(std::string("has a `") + name + "` that is no text");
  return json.get<std::string>();
}

Result<KeyRule> ReadRule(const Json& json) {
  KeyRule rule;
  if (const Json& parts = Field(json, "rule"); !parts.is_null()) {
    if (!parts.is_array()) return Wrong("has a `rule` that is no list of key parts");
    rule.parts.clear();
    for (const Json& part : parts) {
      if (!part.is_string()) return Wrong("has a part of its `rule` that is no text");
      rule.parts.push_back(part.get<std::string>());
    }
  }
  SEMEL_TRY_ASSIGN(rule.name_space, ReadText(json, "namespace", ""));
  SEMEL_TRY_ASSIGN(const std::string secret, ReadText(json, "secret", ""));
  if (!secret.empty()) {
    SEMEL_TRY_ASSIGN(rule.secret, DecodeSecret(secret));
  }
  if (const Json& bits = Field(json, "bits"); !bits.is_null()) {
    if (bits != 128 && bits != 256) return Wrong("has `bits` other than 128 and 256");
    rule.bits = bits.get<int>();
  }
  return rule;
}

Result<Vector> ReadVector(const Json& json) {
  if (!json.is_object()) return Wrong("is no object");
  Vector vector;
  SEMEL_TRY_ASSIGN(vector.note, ReadText(json, "note", ""));
  SEMEL_TRY_ASSIGN(vector.rule, ReadRule(json));
  SEMEL_TRY_ASSIGN(vector.key, ReadBytes(Field(json, "key")));
  SEMEL_TRY_ASSIGN(vector.value, ReadBytes(Field(json, "value")));
  for (const Json& header : Field(json, "headers")) {
    if (!header.is_array() || header.size() != 2 || !header[0].is_string()) {
      return Wrong("has a header that is no list of a name and a value");
    }
    SEMEL_TRY_ASSIGN(OwnedBytes value, ReadBytes(header[1]));
    vector.headers.emplace_back(header[0].get<std::string>(), std::move(value));
  }
  SEMEL_TRY_ASSIGN(vector.status, ReadText(json, "status", ""));
  if (vector.status != "ok" && vector.status != "missing" && vector.status != "invalid") {
    return Wrong("has a `status` other than ok, missing and invalid");
  }
  SEMEL_TRY_ASSIGN(vector.fingerprint, ReadText(json, "fingerprint", "-"));
  return vector;
}

Bytes AsView(const OwnedBytes& bytes) { return bytes ? Bytes(*bytes) : std::nullopt; }

/// What this program says of the vector's record: status and fingerprint.
Result<std::string> Compute(const Vector& vector) {
  SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(vector.rule));
  std::vector<Header> headers;
  headers.reserve(vector.headers.size());
  for (const auto& [name, value] : vector.headers) headers.push_back({name, AsView(value)});
  Record record;
  record.key = AsView(vector.key);
  record.value = AsView(vector.value);
  record.headers = headers;
  const Identity identity = fingerprinter.Identify(record);
  if (identity.outcome == Outcome::kInvalid) return std::string("invalid -");
  const std::string status = identity.outcome == Outcome::kOk ? "ok " : "missing ";
  return status + ToHex(identity.fingerprint, fingerprinter.bits());
}

Result<Json> ReadList(const std::string& path) {
  SEMEL_TRY_ASSIGN(const std::string text, ReadFile(path));
  try {
    Json list = Json::parse(text);
    if (!list.is_array()) return Wrong(path + ": is no list of test vectors");
    // Passing on nothing would look like a success.
    if (list.empty()) return Wrong(path + ": has no test vectors");
    return list;
  } catch (const Json::exception& error) {
    return Wrong(path + ": " + error.what());
  }
}

}  // namespace

Result<bool> CheckVectors(const std::string& path, std::ostream& report) {
  SEMEL_TRY_ASSIGN(const Json list, ReadList(path));
  std::size_t position = 0;
  std::size_t mismatches = 0;
  for (const Json& json : list) {
    ++position;
    const Result<Vector> vector = ReadVector(json);
    if (!vector) {
      return Wrong(path + ": vector " + std::to_string(position) + ' ' + vector.error().message);
    }
    const std::string expected = vector->status + ' ' + vector->fingerprint;
    const Result<std::string> computed = Compute(*vector);
    const std::string came = computed ? *computed : "error: " + computed.error().message;
    if (came == expected) continue;
    ++mismatches;
    report << "vector " << position << " \"" << vector->note << "\": expected " << expected
           << ", came " << came << '\n';
  }
  report << position << " vectors, " << mismatches << " mismatches\n";
  return mismatches == 0;
}

}  // namespace semel::app
