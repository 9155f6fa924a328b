// The flags of `semel serve`.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "fingerprint/json_scanner.h"
#include "kafka_flags.h"
#include "key_rule_flags.h"
#include "redis_flags.h"
#include "run_flags.h"
#include "wiring/serve_job.h"

namespace semel::app {

/// Must outlive the parsing of the command line that it was added to.
class ServeFlags {
 public:
  void AddTo(CLI::App& command);

  /// What the flags say together; reads files. Errors: kFix, naming the flag.
  Result<ServeOptions> Options() const;

  const RunFlags& run() const { return run_; }
  KafkaFlags& kafka() { return kafka_; }

 private:
  struct Milliseconds {
    std::int64_t header = 10'000;
    std::int64_t body_grace = 10'000;
    std::int64_t idle = 30'000;
    std::int64_t delivery = 15'000;
    std::int64_t edge = 7LL * 24 * 3600 * 1000;
    std::int64_t drain_delay = 0;
    std::int64_t drain = 20'000;
  };
  struct Sizes {
    std::string header = "16KiB";
    std::string body = "1MiB";
    std::string decompressed = "8MiB";
    std::string in_flight = "128MiB";
    std::string edge = "64MiB";
  };

  void AddEndpoints(CLI::App& command);
  void AddClients(CLI::App& command);
  void AddRequestLimits(CLI::App& command);
  void AddServerLimits(CLI::App& command);
  void AddMemory(CLI::App& command);
  void AddRun(CLI::App& command);
  Result<void> SetSizes(ServeOptions& options) const;
  Result<std::vector<ingest::Endpoint>> Endpoints() const;
  Result<std::optional<ingest::ApiKeys>> Keys() const;

  KafkaFlags kafka_;
  KeyRuleFlags key_rule_;
  RedisFlags redis_;
  RunFlags run_;
  ServeOptions options_;
  Milliseconds ms_;
  Sizes sizes_;
  std::string key_file_;
  double key_rate_ = 0;  ///< events a second for each key; 0: no limit
  std::string path_ = "/v1/events";
  std::string to_;
  std::string view_event_to_;
  std::vector<std::string> endpoints_;
  std::size_t max_depth_ = kMaxJsonDepth;
  std::string edge_redis_;
  std::string on_missing_ = "reject";
};

}  // namespace semel::app
