// `semel serve`: the server, its memory and Kafka put together.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "ingest/api_keys.h"
#include "ingest/endpoint.h"
#include "ingest/exposition.h"
#include "ingest/limits.h"
#include "ingest/transport.h"
#include "kafka/settings.h"
#include "redis/connection.h"
#include "semel/result.h"
#include "wiring/stop_signals.h"

namespace semel {

struct ServeOptions {
  kafka::ClientSettings kafka{};
  std::string listen = "127.0.0.1:8080";
  std::vector<ingest::Endpoint> endpoints{};
  ingest::Limits limits{};
  int threads = 2;
  std::chrono::milliseconds delivery_timeout{15'000};

  std::size_t edge_memory_bytes = std::size_t{64} << 20U;  ///< for each endpoint; 0: none
  std::optional<redis::Access> edge_redis{};               ///< in its place: all instances share it
  std::chrono::milliseconds edge_time_to_live{std::chrono::hours{7 * 24}};

  std::chrono::milliseconds drain_delay{0};
  std::chrono::milliseconds drain_timeout{20'000};

  ingest::TlsFiles tls{};
  ingest::LiveTls live_tls{};             ///< what is in those files
  std::optional<ingest::ApiKeys> keys{};  ///< none: anybody may send
  std::string key_file{};                 ///< where they are from; empty: nowhere
  std::vector<std::string> cors_origins{};

  std::string metrics{};  ///< HOST:PORT; empty: not served
  std::string version{};
};

/// How long the end may take: for StopSignals.
std::chrono::milliseconds ServeHangs(const ServeOptions& options);

/// Where the progress line and the summary read; the job fills it.
class ServeBoard {
 public:
  ingest::ServeTotals Read() const;
  void SetSource(std::function<ingest::ServeTotals()> source);

 private:
  mutable std::mutex mutex_;
  std::function<ingest::ServeTotals()> source_;
};

/// Serves until a stop is requested, then drains. Errors: kFix, kConnect, kFail.
Result<void> RunServe(const ServeOptions& options, ServeBoard& board, StopSignals& signals,
                      Logger& logger);

}  // namespace semel
