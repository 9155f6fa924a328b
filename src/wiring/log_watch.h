// Edge memories hear where their topics end, so that they notice one that was made anew.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/log.h"
#include "ingest/edge_memory.h"
#include "kafka/admin.h"

namespace semel {

struct WatchedTopic {
  std::string name{};
  std::int32_t partitions = 0;
  std::vector<std::shared_ptr<ingest::EdgeMemory>> memories{};
};

/// Looks once before Start returns, and then every few seconds, on a thread of its own.
class LogWatch {
 public:
  /// Errors: those of the first look. `logger` outlives it.
  static Result<std::unique_ptr<LogWatch>> Start(std::unique_ptr<kafka::Admin> admin,
                                                 std::vector<WatchedTopic> topics, Logger& logger);
  LogWatch(const LogWatch&) = delete;
  LogWatch& operator=(const LogWatch&) = delete;

  /// No further look begins. The memories live until this object is gone.
  void Stop() { thread_.request_stop(); }

 private:
  LogWatch(std::unique_ptr<kafka::Admin> admin, std::vector<WatchedTopic> topics, Logger& logger)
      : admin_(std::move(admin)), topics_(std::move(topics)), logger_(logger) {}
  Result<void> Look(std::chrono::milliseconds timeout);
  void Run(const std::stop_token& stop);

  const std::unique_ptr<kafka::Admin> admin_;
  const std::vector<WatchedTopic> topics_;
  Logger& logger_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::jthread thread_;  ///< ends first
};

}  // namespace semel
