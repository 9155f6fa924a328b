#include "redis_flags.h"

#include "base/core_dumps.h"
#include "base/file.h"

namespace semel::app {

void RedisFlags::AddTo(CLI::App& command, const std::string& group) {
  command
      .add_option("--redis-password-file", password_file_,
                  "Its first line is the password for Redis; the user, if any, is in the address")
      ->type_name("FILE")
      ->group(group);
  command
      .add_option("--redis-ca", ca_file_,
                  "Certificates (PEM) that a rediss:// is checked against [the system's]")
      ->type_name("FILE")
      ->group(group);
}

Result<redis::Access> RedisFlags::Access(const std::string& flag, const std::string& url) const {
  redis::Access access;
  auto address = redis::ParseAddress(url);
  if (!address) return Error{Action::kFix, flag + ": " + address.error().message};
  access.address = *std::move(address);
  access.ca_file = ca_file_;
  if (!ca_file_.empty() && !access.address.tls)
    return Error{Action::kFix, "--redis-ca is for a rediss:// address"};
  if (!ca_file_.empty()) {
    SEMEL_TRY_ASSIGN(const std::string certificates, ReadFile(ca_file_));
    if (certificates.find("-----BEGIN CERTIFICATE-----") == std::string::npos)
      return Error{Action::kFix, "--redis-ca: " + ca_file_ + " has no certificate (PEM) in it"};
  }
  if (password_file_.empty()) {
    if (!access.address.user.empty())
      return Error{Action::kFix, flag +
                                     " names a user; its password is given by "
                                     "--redis-password-file"};
    return access;
  }
  EndCoreDumps();
  SEMEL_TRY_ASSIGN(const std::string text, ReadFile(password_file_));
  access.password = text.substr(0, text.find_first_of("\r\n"));
  if (access.password.empty())
    return Error{Action::kFix, "--redis-password-file: " + password_file_ + " has an empty line"};
  return access;
}

}  // namespace semel::app
