// The settings file of a subcommand: its flags, by their long names, as YAML.
#pragma once

#include <string>
#include <vector>

namespace CLI {  // NOLINT: the name is CLI11's
class App;
}

namespace semel::config {

/// How a settings file says that Kafka is reached. It does not go to the flags, where it could not
/// be told from the command line: all that stands there, files for -F too, wins over it.
struct KafkaSettings {
  struct Property {
    std::string name;
    std::string value;
    std::string place;  ///< FILE:LINE, for errors
  };
  std::string brokers;
  std::vector<Property> properties;
};

/// Adds `-c,--config FILE` to `command`; `kafka` gets the entries `brokers` and `kafka`, and
/// outlives the parsing:
///
///     brokers: localhost:9092
///     key: [json:/order_id, json:/shop]   # a flag that may be repeated
///     until-end: true
///     kafka: {linger.ms: 5}               # -X linger.ms=5
///
/// What the command line says wins. An unknown or repeated key or a value that its flag refuses
/// throws CLI::ConfigError, which names file, line and key.
///
/// Not CLI::App::set_config: CLI11 2.1 ignores that on subcommands, and its items have no lines.
void AddSettingsFile(CLI::App& command, KafkaSettings& kafka);

}  // namespace semel::config
