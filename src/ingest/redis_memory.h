// The edge memory that all instances share: a Redis. What it does not answer soon is not known.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "ingest/edge_memory.h"
#include "redis/connection.h"

namespace semel::ingest {

struct RedisMemorySettings {
  redis::Access access{};
  std::string prefix{};  ///< of the keys: redis::KeyPrefix
  int bits = 128;
  std::chrono::milliseconds time_to_live{0};
};

/// One connection, on a thread of its own. While Redis is away, every event is "not known" at once
/// and nothing is remembered; it is tried again with each Look.
///
/// Keys have a generation in them, which is kept in Redis too and read with every question. Whoever
/// sees that the topic has shrunk sets another one, and nobody knows anything any more. So does
/// whoever finds none: it was evicted, or nothing was ever remembered.
class RedisMemory final : public EdgeMemory {
 public:
  RedisMemory(RedisMemorySettings settings, Logger& log);
  /// Answers what still waits.
  ~RedisMemory() override;

  void Ask(std::span<const Fingerprint> fingerprints, std::span<bool> known,
           std::function<void()> done) override;
  void Remember(std::span<const Fingerprint> acknowledged) override;
  /// The first one is waited for: before it nothing is known.
  void Look(LogEnds ends) override;
  std::uint64_t entries() const override { return 0; }
  bool failing() const override { return failing_; }

 private:
  struct Question {
    std::span<const Fingerprint> fingerprints;
    std::span<bool> known;
    std::function<void()> done;
  };
  struct Seen {
    LogEnds ends;
    std::uint64_t shrinks;  ///< how often the topic was seen to shrink, up to then
    std::chrono::steady_clock::time_point at;
  };
  struct Work {
    std::vector<Question> questions{};
    std::vector<Fingerprint> acknowledged{};
    std::size_t asked = 0;  ///< fingerprints in `questions`
    std::optional<Seen> seen{};
  };

  void Run(const std::stop_token& stop);
  Work Take(const std::stop_token& stop);
  Result<void> Serve(const Work& work);
  Result<void> Connect();
  Work Failed(const Error& error);
  Result<std::vector<redis::Reply>> Ask(std::span<const redis::Command> commands);
  Result<void> Agree(const Seen& seen);
  Result<void> Answer(const Question& question, const redis::Reply& reply);
  std::string KeyOf(const Fingerprint& fingerprint) const;

  const RedisMemorySettings settings_;
  Logger& log_;
  std::unique_ptr<redis::Connection> connection_;  ///< of the thread
  bool told_ = false;                              ///< of the thread: that it is away
  std::string generation_;                         ///< of the thread; empty: not known
  LogEnds last_ends_;                              ///< of the thread: what was agreed on last
  std::uint64_t agreed_shrinks_ = 0;               ///< of the thread: those that Redis knows of
  std::atomic<bool> failing_ = true;               ///< until it is connected
  std::mutex mutex_;
  std::condition_variable_any wake_;
  Work work_;                  ///< guarded by mutex_, as the next two
  LogEnds looked_;             ///< what the last Look saw
  std::uint64_t shrinks_ = 0;  ///< which Looks saw, also while Redis was away
  std::jthread thread_;        ///< ends first
};

}  // namespace semel::ingest
