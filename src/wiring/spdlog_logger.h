// The Logger that the commands use: spdlog, in text or JSON, one line an event.
#pragma once

#include <cstdint>
#include <memory>

#include "base/log.h"
#include "wiring/terminal.h"

namespace semel {

enum class LogFormat : std::uint8_t {
  kText,  ///< 2026-11-23T09:28:33.123Z info  message key=value other="two words"
  kJson,  ///< {"ts":"2026-11-23T09:28:33.123Z","level":"info","msg":"message","key":"value"}
};

class LeveledLogger : public Logger {
 public:
  /// What is written from now on: this and above. Threads: any.
  virtual void SetLevel(LogLevel level) = 0;
};

/// Writes what is at `level` or above to `terminal`, which must outlive the logger. Times are UTC.
/// Control characters and invalid UTF-8 in messages and values cannot break a line.
std::unique_ptr<LeveledLogger> MakeLogger(Terminal& terminal, LogFormat format, LogLevel level);

}  // namespace semel
