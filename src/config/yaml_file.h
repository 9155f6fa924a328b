// The settings file of a subcommand: its flags, by their long names, as YAML.
#pragma once

namespace CLI {  // NOLINT: the name is CLI11's
class App;
}

namespace semel::config {

/// Adds `-c,--config FILE` to `command`:
///
///     brokers: localhost:9092
///     key: [json:/order_id, json:/shop]   # a flag that may be repeated
///     until-end: true
///     kafka: {linger.ms: 5}               # -X linger.ms=5
///
/// What the command line says wins; of `kafka`, property by property. An unknown or repeated key or
/// a value that its flag refuses throws CLI::ConfigError, which names file, line and key.
///
/// Not CLI::App::set_config: CLI11 2.1 ignores that on subcommands, and its items have no lines.
void AddSettingsFile(CLI::App& command);

}  // namespace semel::config
