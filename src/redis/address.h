// Where a Redis is, as people write it: redis://[USER@]HOST[:PORT][/DATABASE], rediss:// with TLS.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "semel/result.h"

namespace semel::redis {

struct Address {
  bool tls = false;
  std::string user{};  ///< of an ACL; empty: the default one
  std::string host{};
  std::uint16_t port = 6379;
  int database = 0;
};

/// Errors: kFix, saying what is expected; the text is never quoted, for it may hold a password.
Result<Address> ParseAddress(std::string_view url);

/// `redis://HOST:PORT/DATABASE`, for messages.
std::string ToString(const Address& address);

}  // namespace semel::redis
