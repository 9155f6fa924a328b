#include "config/yaml_settings.h"

#include <CLI/CLI.hpp>
#include <set>
#include <utility>
#include <vector>

namespace semel::config {
namespace {

/// One key of the file with its value as the command line would give it.
struct Setting {
  std::string key;
  std::vector<std::string> values;
};

/// A list's item: a plain value, or a map, which goes to its option as lines NAME=VALUE.
std::string Item(const std::string& key, const YAML::Node& node) {
  if (!node.IsMap()) return Scalar(key, node);
  std::string lines;
  ForEachEntry(node, "", [&](const std::string& name, const YAML::Node&, const YAML::Node& value) {
    if (value.IsSequence())
      for (const YAML::Node& each : value) lines += name + "=" + Scalar(name, each) + "\n";
    else
      lines += name + "=" + Scalar(name, value) + "\n";
  });
  return lines;
}

Setting Read(const std::string& key, const YAML::Node& node) {
  Setting setting{key, {}};
  if (node.IsSequence()) {
    for (const YAML::Node& value : node) setting.values.push_back(Item(key, value));
  } else {
    setting.values.push_back(Scalar(key, node));
  }
  return setting;
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

void ApplyEntry(CLI::App& command, KafkaSettings& kafka, const std::string& key,
                const YAML::Node& value, const PlaceOf& place) {
  if (key == "brokers") {
    kafka.brokers = Scalar(key, value);
    return;
  }
  if (key == "kafka") return ReadProperties(value, place, kafka);
  CLI::Option* const option = command.get_option_no_throw("--" + key);
  Setting setting = Read(key, value);
  try {
    Apply(*option, std::move(setting));
  } catch (const CLI::ParseError& error) {
    throw Refusal{value.Mark(), error.what()};
  }
}

/// Counts the nodes below `node` down in `left`. An alias may stand for a list that it is in, or
/// for one that is made of aliases to lists of aliases.
void CheckExtent(const YAML::Node& node, int depth, int& left) {
  constexpr int kDepthMax = 64;
  if (depth > kDepthMax || --left < 0)
    throw Refusal{node.Mark(), "nested too deep, or an alias stands for what it is in"};
  if (node.IsSequence()) {
    for (const auto& each : node) CheckExtent(each, depth + 1, left);
  } else if (node.IsMap()) {
    for (const auto& entry : node) {
      CheckExtent(entry.first, depth + 1, left);
      CheckExtent(entry.second, depth + 1, left);
    }
  }
}

bool IsKnown(const CLI::App& command, const std::string& key) {
  if (key == "brokers" || key == "kafka") return true;
  const CLI::Option* const option = command.get_option_no_throw("--" + key);
  return option != nullptr && option->get_configurable();
}

}  // namespace

YAML::Node ParseYaml(const std::string& content) {
  try {
    YAML::Node node = YAML::Load(content);
    int left = 100'000;
    CheckExtent(node, 0, left);
    return node;
  } catch (const YAML::Exception& error) {
    throw Refusal{error.mark, error.msg};
  }
}

std::string Scalar(const std::string& name, const YAML::Node& node) {
  if (!node.IsScalar()) throw Refusal{node.Mark(), "'" + name + "' wants a plain value"};
  return node.Scalar();
}

void ForEachEntry(const YAML::Node& map, const std::string& what, const Visit& visit) {
  if (!map.IsMap()) throw Refusal{map.Mark(), what};
  std::set<std::string> seen;
  for (const auto& entry : map) {
    const std::string key = Scalar("a setting's name", entry.first);
    if (!seen.insert(key).second) throw Refusal{entry.first.Mark(), "'" + key + "' is there twice"};
    visit(key, entry.first, entry.second);
  }
}

void ReadProperties(const YAML::Node& node, const PlaceOf& place, KafkaSettings& kafka) {
  ForEachEntry(node, "'kafka' wants a map: property: value",
               [&](const std::string& name, const YAML::Node& /*name*/, const YAML::Node& value) {
                 kafka.properties.push_back({name, Scalar(name, value), place(value.Mark())});
               });
}

void ApplySettings(CLI::App& command, KafkaSettings& kafka, const YAML::Node& settings,
                   const PlaceOf& place) {
  ForEachEntry(settings, "not a map of settings: name: value",
               [&](const std::string& key, const YAML::Node& name, const YAML::Node& value) {
                 if (!IsKnown(command, key))
                   throw Refusal{name.Mark(), "unknown setting '" + key + "'; see semel " +
                                                  command.get_name() + " --help"};
                 ApplyEntry(command, kafka, key, value, place);
               });
}

}  // namespace semel::config
