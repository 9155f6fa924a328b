#include "redis/address.h"

#include <limits>
#include <optional>

#include "base/number.h"

namespace semel::redis {
namespace {

constexpr std::string_view kPlain = "redis://";
constexpr std::string_view kTls = "rediss://";
constexpr std::string_view kExpected =
    "a Redis is written redis://[USER@]HOST[:PORT][/DATABASE], rediss:// with TLS";

// The part of `text` after the last `mark`, which is cut off with it; empty: there is none.
std::optional<std::string_view> CutAfter(std::string_view& text, char mark) {
  const std::size_t at = text.rfind(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view after = text.substr(at + 1);
  text = text.substr(0, at);
  return after;
}

Error Malformed() { return {Action::kFix, std::string(kExpected)}; }

Result<void> TakeUser(std::string_view& rest, Address& address) {
  std::string_view place = rest;
  const auto after = CutAfter(place, '@');
  if (!after) return {};
  if (place.find(':') != std::string_view::npos)
    return Error{Action::kFix,
                 "a password in the address can be read by every user of the machine; put it into "
                 "a file and name that with --redis-password-file"};
  if (place.empty()) return Malformed();
  address.user = place;
  rest = *after;
  return {};
}

Result<void> TakePort(std::string_view& rest, Address& address) {
  // An IPv6 address has colons of its own, in brackets.
  const std::size_t bracket = rest.rfind(']');
  const std::size_t colon = rest.rfind(':');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    const auto port = ParseNumber<std::uint16_t>(rest.substr(colon + 1));
    if (!port || *port == 0) return Malformed();
    address.port = *port;
    rest = rest.substr(0, colon);
  }
  if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
  return {};
}

}  // namespace

Result<Address> ParseAddress(std::string_view url) {
  Address address;
  address.tls = url.starts_with(kTls);
  if (!address.tls && !url.starts_with(kPlain)) return Malformed();
  std::string_view rest = url.substr(address.tls ? kTls.size() : kPlain.size());
  SEMEL_TRY(TakeUser(rest, address));
  if (const auto database = CutAfter(rest, '/'); database && !database->empty()) {
    const auto number = ParseNumber<int>(*database);
    if (!number || *number < 0) return Malformed();
    address.database = *number;
  }
  SEMEL_TRY(TakePort(rest, address));
  if (rest.empty() || rest.find_first_of("/@?#[] ") != std::string_view::npos) return Malformed();
  address.host = rest;
  return address;
}

std::string ToString(const Address& address) {
  const bool v6 = address.host.find(':') != std::string::npos;
  return std::string(address.tls ? kTls : kPlain) + (v6 ? "[" + address.host + "]" : address.host) +
         ":" + std::to_string(address.port) + "/" + std::to_string(address.database);
}

}  // namespace semel::redis
