// What the library logs, as lines for the program that uses it.
#pragma once

#include "base/log.h"
#include "semel/log.h"

namespace semel {

/// Without a function, warnings and errors go to stderr.
class FunctionLogger final : public Logger {
 public:
  explicit FunctionLogger(LogFunction log) : log_(std::move(log)) {}

  void Write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override;

 private:
  const LogFunction log_;
};

}  // namespace semel
