// The flags that say how to reach Kafka: the same for every subcommand that talks to it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "config/yaml_file.h"
#include "kafka/settings.h"
#include "semel/result.h"

namespace semel::app {

/// Must outlive the parsing of the command line that it was added to.
class KafkaFlags {
 public:
  /// Adds --brokers, -X and -F.
  void AddTo(CLI::App& command);

  /// Where a settings file (-c) says the same.
  config::KafkaSettings& from_file() { return from_file_; }

  /// What flags and file say; reads the files of -F. --brokers wins over -X, -X over -F, and all of
  /// them over the settings file.
  /// Errors: kFix, naming the property or file, never a secret.
  Result<kafka::ClientSettings> Settings(
      kafka::PropertyRules rules = kafka::PropertyRules::kWorker) const;

 private:
  Result<void> AddFromFile(kafka::ClientSettings& settings) const;

  std::string brokers_;
  std::vector<std::string> properties_;
  std::vector<std::string> files_;
  config::KafkaSettings from_file_;
};

}  // namespace semel::app
