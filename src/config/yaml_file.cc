#include "config/yaml_file.h"

#include <CLI/CLI.hpp>
#include <string>

#include "base/file.h"
#include "config/yaml_settings.h"

namespace semel::config {
namespace {

void ApplyFile(CLI::App& command, KafkaSettings& kafka, const std::string& file) {
  const auto content = ReadFile(file);
  if (!content) throw CLI::ConfigError(content.error().message);
  const auto place = [&file](const YAML::Mark& mark) {
    return file + ":" + std::to_string(mark.line + 1);
  };
  try {
    const YAML::Node settings = ParseYaml(*content);
    if (!settings.IsNull()) ApplySettings(command, kafka, settings, place);
  } catch (const Refusal& refusal) {
    throw CLI::ConfigError(place(refusal.mark) + ": " + refusal.why);
  }
}

}  // namespace

void AddSettingsFile(CLI::App& command, KafkaSettings& kafka) {
  // Callbacks of options run when the whole command line was read, and before CLI11 looks for
  // required options: so flags are there to win, and the file can give what is required.
  command
      .add_option_function<std::string>(
          "-c,--config",
          [&command, &kafka](const std::string& file) { ApplyFile(command, kafka, file); },
          "A YAML file with the same settings by their long names; flags win")
      ->type_name("FILE")
      ->configurable(false);
}

}  // namespace semel::config
