#include "config/yaml_file.h"

#include <yaml-cpp/yaml.h>

#include <CLI/CLI.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/file.h"

namespace semel::config {
namespace {

/// One key of the file with its value as the command line would give it.
struct Setting {
  std::string key;
  std::vector<std::string> values;
};

std::string Place(const std::string& file, const YAML::Mark& mark) {
  return file + ":" + std::to_string(mark.line + 1);
}

[[noreturn]] void Refuse(const std::string& file, const YAML::Mark& mark, const std::string& why) {
  throw CLI::ConfigError(Place(file, mark) + ": " + why);
}

std::string Scalar(const std::string& file, const std::string& key, const YAML::Node& node) {
  if (!node.IsScalar()) Refuse(file, node.Mark(), "'" + key + "' wants a plain value");
  return node.Scalar();
}

Setting Read(const std::string& file, const std::string& key, const YAML::Node& node) {
  Setting setting{key, {}};
  if (node.IsSequence()) {
    for (const YAML::Node& value : node) setting.values.push_back(Scalar(file, key, value));
  } else {
    setting.values.push_back(Scalar(file, key, node));
  }
  return setting;
}

void ReadProperties(const std::string& file, const YAML::Node& node, KafkaSettings& kafka) {
  if (!node.IsMap()) Refuse(file, node.Mark(), "'kafka' wants a map: property: value");
  std::set<std::string> seen;
  for (const auto& entry : node) {
    const std::string name = Scalar(file, "a property's name", entry.first);
    if (!seen.insert(name).second)
      Refuse(file, entry.first.Mark(), "'" + name + "' is there twice");
    kafka.properties.push_back(
        {name, Scalar(file, name, entry.second), Place(file, entry.second.Mark())});
  }
}

/// Gives the setting to its option, as CLI11 would do with a word of the command line.
void Apply(CLI::Option& option, Setting setting) {
  if (!option.empty() || setting.values.empty()) return;
  if (option.get_expected_min() == 0) {
    if (setting.values.size() > 1) throw CLI::ConversionError::TooManyInputsFlag(setting.key);
    setting.values = {option.get_flag_value(setting.key, setting.values.front())};
  }
  option.add_result(std::move(setting.values));
  option.run_callback();
}

YAML::Node Load(const std::string& file) {
  const auto content = ReadFile(file);
  if (!content) throw CLI::ConfigError(content.error().message);
  try {
    return YAML::Load(*content);
  } catch (const YAML::Exception& error) {
    Refuse(file, error.mark, error.msg);
  }
}

void ApplyEntry(CLI::App& command, KafkaSettings& kafka, const std::string& file,
                const std::string& key, const YAML::Node& value) {
  if (key == "brokers") {
    kafka.brokers = Scalar(file, key, value);
    return;
  }
  if (key == "kafka") return ReadProperties(file, value, kafka);
  CLI::Option* const option = command.get_option_no_throw("--" + key);
  Setting setting = Read(file, key, value);
  try {
    Apply(*option, std::move(setting));
  } catch (const CLI::ParseError& error) {
    Refuse(file, value.Mark(), error.what());
  }
}

bool IsKnown(const CLI::App& command, const std::string& key) {
  if (key == "brokers" || key == "kafka") return true;
  const CLI::Option* const option = command.get_option_no_throw("--" + key);
  return option != nullptr && option->get_configurable();
}

void ApplyFile(CLI::App& command, KafkaSettings& kafka, const std::string& file) {
  const YAML::Node settings = Load(file);
  if (settings.IsNull()) return;
  if (!settings.IsMap()) Refuse(file, settings.Mark(), "not a map of settings: name: value");
  std::set<std::string> seen;
  for (const auto& entry : settings) {
    const YAML::Node& name = entry.first;
    const std::string key = Scalar(file, "a setting's name", name);
    if (!IsKnown(command, key))
      Refuse(file, name.Mark(),
             "unknown setting '" + key + "'; see semel " + command.get_name() + " --help");
    if (!seen.insert(key).second) Refuse(file, name.Mark(), "'" + key + "' is there twice");
    ApplyEntry(command, kafka, file, key, entry.second);
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
