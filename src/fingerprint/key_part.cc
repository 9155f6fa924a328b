#include "fingerprint/key_part.h"

#include <simdjson.h>

#include <optional>

namespace semel {
namespace {

constexpr std::string_view kHeaderPrefix = "header:";
constexpr std::string_view kJsonPrefix = "json:";

/// Splits at every `separator`; empty pieces count, so there is always at least one.
std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  for (;;) {
    const std::size_t at = text.find(separator);
    pieces.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return pieces;
    text.remove_prefix(at + 1);
  }
}

/// Replaces ~0 and ~1 of RFC 6901; nothing where another character follows a `~`.
std::optional<std::string> DecodeToken(std::string_view token) {
  std::string decoded;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] != '~') {
      decoded.push_back(token[i]);
      continue;
    }
    if (++i == token.size() || (token[i] != '0' && token[i] != '1')) return std::nullopt;
    decoded.push_back(token[i] == '0' ? '~' : '/');
  }
  return decoded;
}

Error PartError(std::string_view part, std::string_view reason) {
  return {Action::kFix, "key part '" + std::string(part) + "': " + std::string(reason)};
}

Result<std::vector<std::string>> ParsePath(std::string_view part, std::string_view path) {
  if (!simdjson::validate_utf8(path.data(), path.size())) {
    return PartError(part, "the path is not UTF-8, so no JSON document can have it");
  }
  if (path.empty()) return std::vector<std::string>{};
  if (path.front() != '/') return Split(path, '.');

  std::vector<std::string> tokens = Split(path.substr(1), '/');
  for (std::string& token : tokens) {
    std::optional<std::string> decoded = DecodeToken(token);
    if (!decoded) {
      return PartError(part, "in a JSON pointer `~` is written ~0 and a `/` inside a name ~1");
    }
    token = *std::move(decoded);
  }
  return tokens;
}

}  // namespace

Result<KeyPart> ParseKeyPart(std::string_view text) {
  KeyPart part;
  if (text == "value") return part;
  if (text == "key") {
    part.kind = KeyPart::Kind::kKey;
    return part;
  }
  if (text.starts_with(kHeaderPrefix)) {
    part.kind = KeyPart::Kind::kHeader;
    part.header_name = text.substr(kHeaderPrefix.size());
    return part;
  }
  if (text.starts_with(kJsonPrefix)) {
    part.kind = KeyPart::Kind::kJson;
    SEMEL_TRY_ASSIGN(part.path, ParsePath(text, text.substr(kJsonPrefix.size())));
    return part;
  }
  return PartError(text, "must be value, key, header:NAME or json:PATH");
}

}  // namespace semel
