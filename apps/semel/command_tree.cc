#include "command_tree.h"

#include <algorithm>
#include <sstream>

namespace semel::app {
namespace {

/// Placeholders are written in capitals.
std::vector<std::string> ValuesOf(const std::string& type) {
  std::vector<std::string> values;
  std::istringstream alternatives(type);
  for (std::string value; std::getline(alternatives, value, '|');)
    if (std::ranges::none_of(value, [](unsigned char c) { return std::isupper(c) || c == ':'; }))
      values.push_back(value);
  return values;
}

OptionEntry ToEntry(const CLI::Option& option) {
  OptionEntry entry;
  for (const std::string& name : option.get_snames()) entry.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) entry.names.push_back("--" + name);
  entry.positional = !option.nonpositional();
  if (entry.positional) entry.names = {option.get_name(true)};
  entry.required = option.get_required();
  entry.repeats = option.get_expected_max() == CLI::detail::expected_max_vector_size;
  if (option.get_type_size() != 0) entry.type = option.get_type_name();
  entry.group = option.get_group();
  entry.description = option.get_description();
  if (!option.get_default_str().empty()) entry.description += " [" + option.get_default_str() + "]";
  entry.values = ValuesOf(entry.type);
  return entry;
}

void Add(const CLI::App& app, const std::string& path, std::vector<CommandEntry>& tree) {
  CommandEntry entry{path, app.get_description(), app.get_footer(), {}, {}};
  for (const CLI::Option* option : app.get_options()) entry.options.push_back(ToEntry(*option));
  const auto all = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* command : all) entry.subcommands.push_back(command->get_name());
  tree.push_back(std::move(entry));
  for (const CLI::App* command : all)
    Add(*command, path + (path.empty() ? "" : " ") + command->get_name(), tree);
}

}  // namespace

std::vector<CommandEntry> CommandTree(const CLI::App& app) {
  std::vector<CommandEntry> tree;
  Add(app, "", tree);
  return tree;
}

std::string Summary(const std::string& description) {
  std::string summary;
  for (std::size_t i = 0; i < description.size(); ++i) {
    const bool ends =
        i + 1 == description.size() || description[i + 1] == ' ' || description[i + 1] == '\n';
    if (description[i] == '.' && ends) break;
    summary += description[i] == '\n' ? ' ' : description[i];
  }
  return summary;
}

}  // namespace semel::app
