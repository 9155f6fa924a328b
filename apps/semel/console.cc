#include "console.h"

#include <unistd.h>

#include <iostream>

namespace semel::app {
namespace {

constexpr std::chrono::milliseconds kRefresh{200};
constexpr const char* kEraseLine = "\r\033[K";

}  // namespace

int Fail(std::string_view command, const Error& error) {
  std::cerr << "semel " << command << ": " << error.message << '\n';
  return ExitCode(error);
}

void WarnOf(std::string_view command, const kafka::ClientSettings& settings) {
  for (const std::string& warning : Warnings(settings))
    std::cerr << "semel " << command << ": warning: " << warning << '\n';
}

// One write a line: librdkafka's threads log too.
void ConsoleLogger::Write(LogLevel level, std::string_view message,
                          std::initializer_list<LogField> fields) {
  if (level < LogLevel::kWarning) return;
  std::string line =
      "semel " + command_ + (level == LogLevel::kError ? ": error: " : ": warning: ");
  line += message;
  for (const LogField& field : fields)
    line.append(" ").append(field.name).append("=") += field.value;
  line.push_back('\n');
  std::cerr << line;
}

ProgressLine::ProgressLine() : terminal_(::isatty(STDERR_FILENO) == 1) {}

void ProgressLine::Show(std::string_view text) {
  if (!terminal_ || clock_.Now() < next_) return;
  next_ = clock_.Now() + kRefresh;
  shown_ = true;
  std::cerr << kEraseLine << text << std::flush;
}

void ProgressLine::Clear() {
  if (shown_) std::cerr << kEraseLine << std::flush;
  shown_ = false;
}

}  // namespace semel::app
