// The flags with which a Redis is reached, beside its address.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "redis/connection.h"
#include "semel/result.h"

namespace semel::app {

/// Must outlive the parsing of the command line that it was added to.
class RedisFlags {
 public:
  void AddTo(CLI::App& command, const std::string& group);

  /// How to reach the Redis at `url`; reads the password file. Errors: kFix, naming the flag.
  Result<redis::Access> Access(const std::string& flag, const std::string& url) const;

 private:
  std::string password_file_;
  std::string ca_file_;
};

}  // namespace semel::app
