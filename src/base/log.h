// The seam through which everything of ours logs: one line for each event an operator cares about.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "semel/log.h"

namespace semel {

struct LogField {
  std::string_view name;  ///< snake_case; the same word as in metrics and docs
  std::string value;
};

/// Threads: any, at once.
class Logger {
 public:
  virtual ~Logger() = default;
  virtual void Write(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) = 0;

  void Debug(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kDebug, message, fields);
  }
  void Info(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kInfo, message, fields);
  }
  void Warning(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kWarning, message, fields);
  }
  void Error(std::string_view message, std::initializer_list<LogField> fields = {}) {
    Write(LogLevel::kError, message, fields);
  }
};

/// Drops everything.
class SilentLogger final : public Logger {
 public:
  void Write(LogLevel /*level*/, std::string_view /*message*/,
             std::initializer_list<LogField> /*fields*/) override {}
};

}  // namespace semel
