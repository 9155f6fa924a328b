// The flags of `semel sink postgres`.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "kafka_flags.h"
#include "key_rule_flags.h"
#include "run_flags.h"
#include "wiring/sink_options.h"

namespace semel::app {

/// Must outlive the parsing of the command line that it was added to.
class SinkFlags {
 public:
  void AddTo(CLI::App& command);

  /// What the flags say together; reads files. Errors: kFix, naming the flag.
  Result<SinkOptions> Options() const;

  const RunFlags& run() const { return run_; }
  KafkaFlags& kafka() { return kafka_; }

 private:
  void AddTable(CLI::App& command);
  void AddRun(CLI::App& command);
  Result<sink::TableSpec> Table() const;
  Result<std::string> Conninfo() const;

  KafkaFlags kafka_;
  KeyRuleFlags key_rule_;
  RunFlags run_;
  SinkOptions options_;
  std::string to_;
  std::string table_;
  std::vector<std::string> columns_;
  bool unique_ = false;
  std::string on_invalid_ = "fail";
  std::string start_ = "earliest";
  std::int64_t commit_interval_ms_ = 200;
};

}  // namespace semel::app
