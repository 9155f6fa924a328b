#include "wiring/spdlog_logger.h"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>

namespace semel {
namespace {

constexpr const char* kTextPattern = "%Y-%m-%dT%H:%M:%S.%eZ %v";
constexpr const char* kJsonPattern = R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ",%v})";

spdlog::level::level_enum ToSpdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

const char* Name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warn";
    case LogLevel::kError:
      return "error";
  }
  return "error";
}

std::string Quote(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

/// A word that a reader can find the end of stays as it is.
std::string QuoteIfNeeded(const std::string& value) {
  const bool plain = std::ranges::all_of(
      value, [](unsigned char c) { return c > ' ' && c < 0x7F && c != '"' && c != '='; });
  return plain && !value.empty() ? value : Quote(value);
}

/// Without the quotes around it.
std::string Escape(std::string_view message) {
  const bool clean =
      std::ranges::all_of(message, [](unsigned char c) { return c >= ' ' && c < 0x7F; });
  if (clean) return std::string(message);
  const std::string quoted = Quote(message);
  return quoted.substr(1, quoted.size() - 2);
}

std::string TextLine(LogLevel level, std::string_view message,
                     std::initializer_list<LogField> fields) {
  std::string line = Name(level);
  line.resize(6, ' ');  // the longest name and a space
  line += Escape(message);
  for (const LogField& field : fields)
    line.append(" ").append(field.name).append("=").append(QuoteIfNeeded(field.value));
  return line;
}

/// The members after `ts`.
std::string JsonMembers(LogLevel level, std::string_view message,
                        std::initializer_list<LogField> fields) {
  std::string members = std::string(R"("level":")").append(Name(level)).append(R"(","msg":)");
  members += Quote(message);
  for (const LogField& field : fields)
    members.append(",").append(Quote(field.name)).append(":").append(Quote(field.value));
  return members;
}

/// Formats under spdlog's lock, writes under the terminal's.
class TerminalSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit TerminalSink(Terminal& terminal) : terminal_(terminal) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    terminal_.Write({line.data(), line.size()});
  }
  void flush_() override {}

  Terminal& terminal_;
};

class SpdlogLogger final : public LeveledLogger {
 public:
  SpdlogLogger(Terminal& terminal, LogFormat format, LogLevel level)
      : format_(format), logger_("semel", std::make_shared<TerminalSink>(terminal)) {
    SpdlogLogger::SetLevel(level);
    logger_.set_formatter(std::make_unique<spdlog::pattern_formatter>(
        format == LogFormat::kText ? kTextPattern : kJsonPattern, spdlog::pattern_time_type::utc));
  }

  void SetLevel(LogLevel level) override { logger_.set_level(ToSpdlog(level)); }

  void Write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override {
    if (!logger_.should_log(ToSpdlog(level))) return;
    const bool text = format_ == LogFormat::kText;
    logger_.log(ToSpdlog(level),
                text ? TextLine(level, message, fields) : JsonMembers(level, message, fields));
  }

 private:
  const LogFormat format_;
  spdlog::logger logger_;
};

}  // namespace

std::unique_ptr<LeveledLogger> MakeLogger(Terminal& terminal, LogFormat format, LogLevel level) {
  return std::make_unique<SpdlogLogger>(terminal, format, level);
}

}  // namespace semel
