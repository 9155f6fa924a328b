// The flags that say how to reach Kafka: the same for every subcommand that talks to it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "kafka/settings.h"
#include "semel/result.h"

namespace semel::app {

/// Must outlive the parsing of the command line that it was added to.
class KafkaFlags {
 public:
  /// Adds --brokers, -X and -F.
  void AddTo(CLI::App& command);

  /// What the flags say; reads the files. -X wins over -F, --brokers over both.
  /// Errors: kFix, naming the property or file, never a secret.
  Result<kafka::ClientSettings> Settings() const;

 private:
  std::string brokers_;
  std::vector<std::string> properties_;
  std::vector<std::string> files_;
};

}  // namespace semel::app
