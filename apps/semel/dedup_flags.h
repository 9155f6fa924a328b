// The flags of `semel dedup`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "kafka_flags.h"
#include "key_rule_flags.h"
#include "wiring/dedup_options.h"
#include "wiring/spdlog_logger.h"

namespace semel::app {

/// Must outlive the parsing of the command line that it was added to.
class DedupFlags {
 public:
  void AddTo(CLI::App& command);

  /// What the flags say together; reads files. Errors: kFix, naming the flag.
  Result<DedupOptions> Options() const;

  LogFormat log_format() const {
    return log_format_ == "json" ? LogFormat::kJson : LogFormat::kText;
  }
  LogLevel log_level() const;
  bool json_summary() const { return summary_ == "json"; }

 private:
  void AddTopics(CLI::App& command);
  void AddWindow(CLI::App& command);
  void AddPolicies(CLI::App& command);
  void AddProcess(CLI::App& command);
  void AddRun(CLI::App& command);
  void AddAccepted(CLI::App& command);
  void AddOutput(CLI::App& command);
  Result<PolicyChoices> Policies() const;
  Result<void> CheckCombinations() const;

  KafkaFlags kafka_;
  KeyRuleFlags key_rule_;
  DedupOptions options_;
  std::int64_t window_ms_ = 7LL * 24 * 3600 * 1000;
  std::int64_t commit_interval_ms_ = 100;
  std::string scope_ = "partition";
  std::string start_ = "earliest";
  std::string on_duplicate_ = "drop";
  std::string on_missing_ = "pass";
  std::string on_invalid_ = "pass";
  std::string on_late_ = "pass";
  std::string on_rejected_ = "fail";
  std::string on_reset_ = "stop";
  std::string memory_limit_ = "70%";
  std::string log_format_ = "text";
  std::string log_level_ = "info";
  std::string summary_;
};

}  // namespace semel::app
