// The flags that say what identifies an event: the same for every subcommand that asks for it.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "semel/fingerprint.h"

namespace semel::app {

/// Must outlive the parsing of the command line that it was added to.
class KeyRuleFlags {
 public:
  /// Adds --key, --namespace, --fingerprint-bits and --secret-file. Returns them, for commands that
  /// restrict them further.
  std::vector<CLI::Option*> AddTo(CLI::App& command);

  /// The rule that the flags say; reads the secret file.
  /// Errors: kFix, naming the file.
  Result<KeyRule> Rule() const;

 private:
  KeyRule rule_;
  std::string secret_file_;
};

}  // namespace semel::app
