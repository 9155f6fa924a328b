// A real Redis for the time of a test, on a free port.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "redis/connection.h"

namespace semel::redis_test {

class RedisServer {
 public:
  /// Starts redis-server with these arguments added, and waits until it answers.
  explicit RedisServer(const std::vector<std::string>& arguments = {});
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer();

  redis::Access access() const;
  /// One command; the texts of its reply, nested ones in a row.
  std::vector<std::string> Do(const redis::Command& command) const;
  /// Ends it at once; it can be started again, on the same port, without its data.
  void Kill();
  void Start();
  /// Stops and continues the process.
  void Signal(int signal) const;

 private:
  std::vector<std::string> arguments_;
  std::uint16_t port_ = 0;
  pid_t process_ = -1;
};

}  // namespace semel::redis_test
