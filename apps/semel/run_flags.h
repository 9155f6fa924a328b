// The flags that say what a long command tells about itself.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "semel/log.h"
#include "wiring/spdlog_logger.h"

namespace semel::app {

/// Must outlive the parsing of the command line that it was added to.
class RunFlags {
 public:
  /// Adds --summary, --log-format and --log-level.
  void AddTo(CLI::App& command);

  LogFormat log_format() const {
    return log_format_ == "json" ? LogFormat::kJson : LogFormat::kText;
  }
  LogLevel log_level() const;
  bool json_summary() const { return summary_ == "json"; }

 private:
  std::string log_format_ = "text";
  std::string log_level_ = "info";
  std::string summary_;
};

}  // namespace semel::app
