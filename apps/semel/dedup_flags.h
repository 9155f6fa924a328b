// The flags of `semel dedup`.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>

#include "kafka_flags.h"
#include "key_rule_flags.h"
#include "redis_flags.h"
#include "run_flags.h"
#include "wiring/dedup_options.h"

namespace semel::app {

/// Must outlive the parsing of the command line that it was added to.
class DedupFlags {
 public:
  void AddTo(CLI::App& command);

  /// What the flags say together; reads files. Errors: kFix, naming the flag.
  Result<DedupOptions> Options() const;

  const RunFlags& run() const { return run_; }
  KafkaFlags& kafka() { return kafka_; }

 private:
  void AddTopics(CLI::App& command);
  void AddWindow(CLI::App& command);
  void AddMemory(CLI::App& command);
  void AddPolicies(CLI::App& command);
  void AddProcess(CLI::App& command);
  void AddRun(CLI::App& command);
  Result<PolicyChoices> Policies() const;
  Result<void> CheckCombinations() const;
  Result<std::optional<RedisSeen>> Seen() const;

  KafkaFlags kafka_;
  KeyRuleFlags key_rule_;
  RedisFlags redis_;
  RunFlags run_;
  DedupOptions options_;
  std::int64_t window_ms_ = 7LL * 24 * 3600 * 1000;
  std::int64_t commit_interval_ms_ = 100;
  std::string seen_ = "memory";
  std::int64_t seen_ttl_ms_ = 0;
  std::string scope_ = "partition";
  std::string start_ = "earliest";
  std::string on_duplicate_ = "drop";
  std::string on_missing_ = "pass";
  std::string on_invalid_ = "pass";
  std::string on_late_ = "pass";
  std::string on_rejected_ = "fail";
  std::string on_reset_ = "stop";
  std::string memory_limit_ = "70%";
};

}  // namespace semel::app
