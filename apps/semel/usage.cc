#include "usage.h"

#include <memory>
#include <string>
#include <vector>

namespace semel::app {
namespace {

/// Defaults in brackets after the text: CLI11's "topic:NAME=drop" reads like something to type.
/// What an option needs or excludes is left to its text.
class Formatter final : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text;
    if (option->get_type_size() == 0) return text;
    if (!option->get_type_name().empty()) text += " " + option->get_type_name();
    if (option->get_expected_max() == CLI::detail::expected_max_vector_size) text += " ...";
    if (option->get_required()) text += " (required)";
    return text;
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    if (!option->get_default_str().empty()) text += " [" + option->get_default_str() + "]";
    return text;
  }
};

std::string ChosenCommand(const CLI::App& app) {
  std::string name = app.get_name();
  for (const CLI::App* command = &app; !command->get_subcommands().empty();) {
    command = command->get_subcommands().front();
    name += " " + command->get_name();
  }
  return name;
}

// A misspelt flag is what is wrong, not that the flag it was meant to be is missing.
std::string Describe(const CLI::App& app, const CLI::Error& error) {
  const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
  const bool may_be_misspelt =
      code == CLI::ExitCodes::RequiredError || code == CLI::ExitCodes::ExtrasError;
  const std::vector<std::string> unknown = app.remaining(true);
  if (!may_be_misspelt || unknown.empty()) return error.what();
  return "there is no '" + unknown.front() + "'";
}

}  // namespace

void ExplainUsage(CLI::App& app) {
  app.formatter(std::make_shared<Formatter>());
  app.failure_message([](const CLI::App* failed, const CLI::Error& error) {
    const std::string command = ChosenCommand(*failed);
    return command + ": " + Describe(*failed, error) + "; see " + command + " --help\n";
  });
}

}  // namespace semel::app
