// The subcommands and options of the binary as tables: what completion and man pages are made from.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace semel::app {

struct OptionEntry {
  std::vector<std::string> names;  ///< -h, --help; or the one name of a positional argument
  bool positional = false;
  bool required = false;
  bool repeats = false;
  std::string type;  ///< LIST, drop|mark|topic:NAME; empty: takes no value
  std::string group;
  std::string description;          ///< with the default, as --help has it
  std::vector<std::string> values;  ///< those of `type` that can be typed as they are
};

struct CommandEntry {
  std::string path;  ///< "seen dump"; empty for the binary itself
  std::string description;
  std::string footer;
  std::vector<OptionEntry> options;  ///< in the order of --help
  std::vector<std::string> subcommands;
};

/// `app` and all that is below it, each before what is below it.
std::vector<CommandEntry> CommandTree(const CLI::App& app);

/// The first sentence of a description, on one line, without the period.
std::string Summary(const std::string& description);

}  // namespace semel::app
