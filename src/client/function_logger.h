// What the library logs, as lines for the program that uses it.
#pragma once

#include <memory>
#include <shared_mutex>

#include "base/log.h"
#include "semel/log.h"

namespace semel {

/// Without a function, warnings and errors go to stderr.
class FunctionLogger final : public Logger {
 public:
  explicit FunctionLogger(LogFunction log) : log_(std::move(log)) {}

  void Write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override;

  /// From its return on nothing is written, and the function is gone.
  void Cut();

 private:
  std::shared_mutex cutting_;
  LogFunction log_;   // guarded by cutting_
  bool cut_ = false;  // guarded by cutting_
};

/// The logger of something that the program opened. Clients of librdkafka that messages keep share
/// it and go on with it; the program hears nothing of them when what it opened is gone.
class SharedLogger {
 public:
  explicit SharedLogger(LogFunction log)
      : logger_(std::make_shared<FunctionLogger>(std::move(log))) {}
  SharedLogger(const SharedLogger&) = delete;
  SharedLogger& operator=(const SharedLogger&) = delete;
  ~SharedLogger() { logger_->Cut(); }

  FunctionLogger& operator*() const { return *logger_; }
  const std::shared_ptr<FunctionLogger>& share() const { return logger_; }

 private:
  const std::shared_ptr<FunctionLogger> logger_;
};

}  // namespace semel
