// One session with a Redis server: commands out in one piece, as many replies back. TCP or TLS.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/live_text.h"
#include "redis/address.h"
#include "semel/result.h"

struct redisReply;

namespace semel::redis {

/// Frees what hiredis allocated.
struct FreeReply {
  void operator()(redisReply* reply) const;
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

/// The command's name and its arguments; bytes of any kind.
using Command = std::vector<std::string>;

struct Access {
  Address address{};
  LiveText password{};    ///< empty: no AUTH
  std::string ca_file{};  ///< PEM; empty: the system's
};

/// Threads: one at a time. After an error of Ask only destroying makes sense.
class Connection {
 public:
  /// Connects, checks the certificate against the host's name, logs in and selects the database.
  /// Errors: kConnect: a certificate or password is refused; kFix: a CA file; kRetry: all else.
  static Result<std::unique_ptr<Connection>> Open(const Access& access,
                                                  std::chrono::milliseconds timeout);

  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  /// Sends all commands in one go and waits for all replies: one round trip. A reply may be an
  /// error of its command. Errors: kRetry: lost, silent for `timeout`, or no Redis at all.
  Result<std::vector<Reply>> Ask(std::span<const Command> commands,
                                 std::chrono::milliseconds timeout);

 private:
  struct Impl;
  explicit Connection(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

/// The text of an error reply; empty for any other reply.
std::string ErrorOf(const Reply& reply);

/// Is it an error of now, such as one of a Redis that is busy, and not one of ours?
bool WillPass(std::string_view error);

}  // namespace semel::redis
