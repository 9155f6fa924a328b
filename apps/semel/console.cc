#include "console.h"

#include <unistd.h>

#include <iostream>

#include "wiring/spdlog_logger.h"

namespace semel::app {

int Fail(std::string_view command, const Error& error) {
  std::cerr << "semel " << command << ": " << error.message << '\n';
  return ExitCode(error);
}

int Perform(std::string_view command, const std::function<Result<void>(Terminal&, Logger&)>& work) {
  Terminal terminal(STDERR_FILENO);
  const auto logger = MakeLogger(terminal, LogFormat::kText, LogLevel::kWarning);
  const Result<void> done = work(terminal, *logger);
  return done ? 0 : Fail(command, done.error());
}

void WarnOf(const kafka::ClientSettings& settings, Logger& logger) {
  for (const std::string& warning : Warnings(settings)) logger.Warning(warning);
}

}  // namespace semel::app
