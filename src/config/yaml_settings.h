// The entries of a YAML map, given to the options of a command as its command line would.
#pragma once

#include <yaml-cpp/yaml.h>

#include <functional>
#include <string>

#include "config/yaml_file.h"

namespace semel::config {

/// What is wrong with a file, and where. Thrown: CLI11's callbacks, in which files are read, know
/// no other way. Who knows the file's name makes a text of it.
struct Refusal {
  YAML::Mark mark;
  std::string why;
};

/// A place as errors name it.
using PlaceOf = std::function<std::string(const YAML::Mark&)>;

/// Throws Refusal where it is no YAML, or a tree that has no end.
YAML::Node ParseYaml(const std::string& content);

/// The text of a plain value, which `name` has; throws Refusal for a list or a map.
std::string Scalar(const std::string& name, const YAML::Node& node);

using Visit = std::function<void(const std::string& key, const YAML::Node& name, YAML::Node value)>;

/// In the order of the file; throws Refusal for what is no map, saying that `what` is wanted, and
/// for a key that is there twice.
void ForEachEntry(const YAML::Node& map, const std::string& what, const Visit& visit);

/// The entries of `kafka: {...}`.
void ReadProperties(const YAML::Node& node, const PlaceOf& place, KafkaSettings& kafka);

/// Gives each entry to the option of that name, except where the command line has given it; `kafka`
/// gets `brokers` and `kafka`. Throws Refusal for unknown keys and values that an option refuses.
void ApplySettings(CLI::App& command, KafkaSettings& kafka, const YAML::Node& settings,
                   const PlaceOf& place);

}  // namespace semel::config
