#include "metrics/recent_log.h"

#include <algorithm>

namespace semel::metrics {

void RecentLog::Write(LogLevel level, std::string_view message,
                      std::initializer_list<LogField> fields) {
  log_.Write(level, message, fields);
  if (level != LogLevel::kWarning && level != LogLevel::kError) return;
  LogEntry entry{.at_ms = clock_.WallMs(),
                 .level = level,
                 .message = std::string(message.substr(0, kTextBytesMax))};
  for (const LogField& field : fields)
    entry.fields.emplace_back(field.name, field.value.substr(0, kTextBytesMax));
  const std::lock_guard lock(mutex_);
  const auto same = std::ranges::find_if(entries_, [&entry](const LogEntry& other) {
    return other.message == entry.message && other.fields == entry.fields;
  });
  if (same != entries_.end()) {
    entry.times += same->times;
    entries_.erase(same);
  }
  entries_.push_back(std::move(entry));
  if (entries_.size() > kEntriesMax) entries_.pop_front();
}

std::vector<LogEntry> RecentLog::Read() const {
  const std::lock_guard lock(mutex_);
  return {entries_.begin(), entries_.end()};
}

}  // namespace semel::metrics
