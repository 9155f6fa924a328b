// One Redis for all tests that do it no harm, and lanes that make claims in it.
#pragma once

#include <chrono>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "redis/redis_seen_set.h"
#include "tests/unit/redis/redis_server.h"

namespace semel::redis_test {

inline RedisServer& OneRedis() {
  static RedisServer server;
  return server;
}

/// With a prefix that no other call has.
inline redis::ClaimSettings Settings(std::chrono::milliseconds window, int bits,
                                     const RedisServer& server = OneRedis()) {
  static int calls = 0;
  return {.access = server.access(),
          .prefix = "semel:test:" + std::to_string(++calls) + ":",
          .bits = bits,
          .window = window,
          .time_to_live = std::chrono::hours(1)};
}

/// Goes on by hand.
class HandClock final : public Clock {
 public:
  std::int64_t WallMs() const override { return 1; }
  std::chrono::steady_clock::time_point Now() const override { return now; }
  void Sleep(std::chrono::milliseconds /*time*/) const override {}
  std::chrono::steady_clock::time_point now{};
};

/// What a lane has: one connection.
struct Lane {
  explicit Lane(redis::ClaimSettings settings) : claims(std::move(settings), clock, log) {}
  HandClock clock;
  SilentLogger log;
  redis::Claims claims;
};

}  // namespace semel::redis_test
