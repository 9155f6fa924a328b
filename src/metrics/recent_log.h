// The last warnings and errors of the log, kept for the page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"

namespace semel::metrics {

struct LogEntry {
  std::int64_t at_ms = 0;  ///< the last time, since the epoch
  std::uint64_t times = 1;
  LogLevel level = LogLevel::kError;
  std::string message{};
  std::vector<std::pair<std::string, std::string>> fields{};
};

/// Passes everything on and remembers what went wrong; what is said again and again takes one
/// place. Threads: any, at once.
class RecentLog final : public Logger {
 public:
  static constexpr std::size_t kEntriesMax = 20;
  static constexpr std::size_t kTextBytesMax = 2000;  ///< of a message or a field; the rest is cut

  /// Both outlive it.
  RecentLog(Logger& log, const Clock& clock) : log_(log), clock_(clock) {}

  void Write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override;

  /// Oldest first.
  std::vector<LogEntry> Read() const;

 private:
  Logger& log_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::deque<LogEntry> entries_;
};

}  // namespace semel::metrics
