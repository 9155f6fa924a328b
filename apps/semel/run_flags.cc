#include "run_flags.h"

#include <map>
#include <vector>

namespace semel::app {
namespace {

void AddChoice(CLI::App& command, const std::string& name, std::string& choice,
               const std::vector<std::string>& choices, const char* text) {
  std::string names;
  for (const std::string& one : choices) names += (names.empty() ? "" : "|") + one;
  command.add_option(name, choice, text)
      ->type_name(names)
      ->check(CLI::IsMember(choices).description(""))
      ->capture_default_str()
      ->group("What it tells");
}

}  // namespace

void RunFlags::AddTo(CLI::App& command) {
  AddChoice(command, "--summary", summary_, {"json"}, "One JSON object on stdout at the end");
  AddChoice(command, "--log-format", log_format_, {"text", "json"}, "Logs go to stderr");
  AddChoice(command, "--log-level", log_level_, {"debug", "info", "warning", "error"},
            "What is logged: this and above");
}

LogLevel RunFlags::log_level() const {
  static const std::map<std::string, LogLevel> kLevels = {{"debug", LogLevel::kDebug},
                                                          {"info", LogLevel::kInfo},
                                                          {"warning", LogLevel::kWarning},
                                                          {"error", LogLevel::kError}};
  return kLevels.at(log_level_);
}

}  // namespace semel::app
