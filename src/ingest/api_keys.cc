#include "ingest/api_keys.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>
#include <boost/beast/core/string.hpp>
#include <optional>
#include <utility>

#include "fingerprint/secret.h"

namespace semel::ingest {
namespace {

std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  while (true) {
    const std::size_t begin = line.find_first_not_of(" \t\r");
    if (begin == std::string_view::npos) return words;
    line.remove_prefix(begin);
    const std::size_t end = std::min(line.find_first_of(" \t\r"), line.size());
    words.emplace_back(line.substr(0, end));
    line.remove_prefix(end);
  }
}

std::string DecodeBase64(std::string_view text) {
  std::string out(text.size() / 4 * 3 + 3, '\0');
  const int size = text.size() % 4 != 0 || text.size() > 4096
                       ? -1
                       : EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                         reinterpret_cast<const unsigned char*>(text.data()),
                                         static_cast<int>(text.size()));
  out.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
  return out;
}

/// The key in an Authorization field.
std::optional<std::string> KeyIn(std::string_view field) {
  const std::size_t blank = field.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const auto scheme = field.substr(0, blank);
  field.remove_prefix(std::min(field.find_first_not_of(' ', blank), field.size()));
  const boost::beast::string_view name(scheme.data(), scheme.size());
  if (boost::beast::iequals(name, "Bearer")) return std::string(field);
  if (!boost::beast::iequals(name, "Basic")) return std::nullopt;
  const std::string user_and_password = DecodeBase64(field);
  const std::size_t colon = user_and_password.find(':');
  if (colon == std::string::npos) return std::nullopt;
  return user_and_password.substr(0, colon);
}

Result<ApiKey> ParseLine(const std::vector<std::string>& words) {
  ApiKey key;
  key.name = words.front();
  if (words.size() < 2) return Error{Action::kFix, "a line is NAME SHA256-IN-HEX [TOPIC...]"};
  const auto digest = DecodeSecret(words[1]);
  if (!digest || digest->size() != key.sha256.size())
    return Error{Action::kFix, "key " + key.name + ": its SHA-256 has 64 hex digits"};
  std::copy(digest->begin(), digest->end(), key.sha256.begin());
  key.topics.assign(words.begin() + 2, words.end());
  return key;
}

}  // namespace

bool ApiKey::Allows(std::string_view topic) const {
  return topics.empty() || std::ranges::find(topics, topic) != topics.end();
}

Result<ApiKeys> ApiKeys::Parse(std::string_view text, const std::string& file, double rate) {
  List keys;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    const auto words = Words(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (words.empty() || words.front().starts_with('#')) continue;
    const std::string place = file + ":" + std::to_string(number) + ": ";
    auto key = ParseLine(words);
    if (!key) return Error{Action::kFix, place + key.error().message};
    const auto same = [&](const ApiKey& other) {
      return other.name == key->name || other.sha256 == key->sha256;
    };
    if (std::ranges::any_of(keys, same))
      return Error{Action::kFix, place + "name or key of " + key->name + " stands twice"};
    if (rate > 0) key->bucket = std::make_unique<TokenBucket>(rate);
    keys.push_back(*std::move(key));
  }
  if (keys.empty())
    return Error{Action::kFix, file + ": no key in it; a line is NAME SHA256-IN-HEX [TOPIC...]"};
  return ApiKeys(std::move(keys));
}

ApiKeys::ApiKeys(List list) { cell_->list = std::make_shared<const List>(std::move(list)); }

std::shared_ptr<const ApiKeys::List> ApiKeys::list() const {
  const std::lock_guard lock(cell_->mutex);
  return cell_->list;
}

void ApiKeys::Replace(const ApiKeys& other) const {
  std::shared_ptr<const List> newer = other.list();
  const std::lock_guard lock(cell_->mutex);
  cell_->list.swap(newer);
}

std::shared_ptr<const ApiKey> ApiKeys::Find(std::string_view authorization) const {
  const auto key = KeyIn(authorization);
  if (!key || key->empty()) return nullptr;
  std::array<std::uint8_t, 32> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(key->data()), key->size(), digest.data());
  const std::shared_ptr<const List> keys = list();
  const ApiKey* found = nullptr;
  for (const ApiKey& each : *keys)  // all of them, whichever it is
    if (CRYPTO_memcmp(each.sha256.data(), digest.data(), digest.size()) == 0) found = &each;
  return {keys, found};
}

}  // namespace semel::ingest
