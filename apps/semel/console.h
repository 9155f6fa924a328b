// What short commands say to the person in front of them, on stderr.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/settings.h"
#include "semel/result.h"

namespace semel::app {

/// Prints "semel COMMAND: message" and returns the exit code that the error ends with.
int Fail(std::string_view command, const Error& error);

/// Prints what is doubtful in the settings.
void WarnOf(std::string_view command, const kafka::ClientSettings& settings);

/// Warnings and errors as lines of text; the rest is dropped.
class ConsoleLogger final : public Logger {
 public:
  explicit ConsoleLogger(std::string command) : command_(std::move(command)) {}
  void Write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override;

 private:
  const std::string command_;
};

/// One line that is written over and over, where stderr is a terminal; else nothing.
/// Threads: one caller at a time.
class ProgressLine {
 public:
  ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() { Clear(); }

  /// Shows `text`, unless something was shown just now.
  void Show(std::string_view text);

  /// Makes room for lasting output.
  void Clear();

 private:
  const bool terminal_;
  bool shown_ = false;
  SystemClock clock_;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace semel::app
