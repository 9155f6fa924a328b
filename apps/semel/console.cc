#include "console.h"

#include <iostream>

namespace semel::app {

int Fail(std::string_view command, const Error& error) {
  std::cerr << "semel " << command << ": " << error.message << '\n';
  return ExitCode(error);
}

void WarnOf(const kafka::ClientSettings& settings, Logger& logger) {
  for (const std::string& warning : Warnings(settings)) logger.Warning(warning);
}

}  // namespace semel::app
