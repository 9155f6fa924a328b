#include "fingerprint/secret.h"

#include <charconv>
#include <cstddef>

#include "base/core_dumps.h"
#include "base/file.h"

namespace semel {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdefABCDEF";

std::string_view TrimSpace(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) + 1 - first);
}

}  // namespace

Result<std::string> DecodeSecret(std::string_view text) {
  text = TrimSpace(text);
  if (text.empty()) return Error{Action::kFix, "a secret needs at least two hex digits"};
  if (text.find_first_not_of(kHexDigits) != std::string_view::npos) {
    return Error{Action::kFix, "a secret is written in hex digits only, on one line"};
  }
  if (text.size() % 2 != 0) {
    return Error{Action::kFix, "a secret needs an even number of hex digits: is one missing?"};
  }
  std::string secret;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    secret.push_back(static_cast<char>(byte));
  }
  return secret;
}

Result<std::string> ReadSecretFile(const std::string& path) {
  EndCoreDumps();
  SEMEL_TRY_ASSIGN(const std::string text, ReadFile(path));
  Result<std::string> secret = DecodeSecret(text);
  if (!secret) return Error{secret.error().action, path + ": " + secret.error().message};
  return secret;
}

}  // namespace semel
