#include <algorithm>
#include <iostream>
#include <memory>
#include <sstream>

#include "command.h"
#include "command_tree.h"
#include "console.h"

namespace semel::app {
namespace {

/// So that troff prints it as it is, wherever in a line it stands.
std::string Escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '\\':
        escaped += "\\e";
        break;
      case '-':
        escaped += "\\-";
        break;
      case '\'':
        escaped += "\\(aq";
        break;
      case '`':
        escaped += "\\(ga";
        break;
      case '^':
        escaped += "\\(ha";
        break;
      case '~':
        escaped += "\\(ti";
        break;
      default:
        escaped += c;
    }
  }
  return escaped.starts_with('.') ? "\\&" + escaped : escaped;
}

std::string Bold(std::string_view text) { return "\\fB" + Escape(text) + "\\fR"; }
std::string Italic(std::string_view text) { return "\\fI" + Escape(text) + "\\fR"; }

/// Lines flow into each other; indented ones stay by themselves.
std::string Paragraph(const std::string& text) {
  std::string page;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t indent = std::min(line.find_first_not_of(' '), line.size());
    if (indent > 0) page += ".br\n";
    for (std::size_t i = 0; i < indent; ++i) page += "\\ ";
    page += Escape(line.substr(indent)) + "\n";
  }
  return page;
}

/// As it stands.
std::string Verbatim(const std::string& text) {
  std::string page = ".nf\n";
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) page += Escape(line) + "\n";
  return page + ".fi\n";
}

std::string FullName(const std::string& path, char between) {
  std::string name = path.empty() ? "semel" : "semel " + path;
  std::ranges::replace(name, ' ', between);
  return name;
}

std::string Value(const OptionEntry& option) {
  const std::string name = option.positional ? option.names.front() : option.type;
  return Italic(name) + (option.repeats ? " ..." : "");
}

std::string Synopsis(const CommandEntry& command) {
  std::string line = Bold(FullName(command.path, ' '));
  if (!command.subcommands.empty()) return line + " " + Italic("COMMAND") + "\n";
  line += " [" + Italic("OPTIONS") + "]";
  for (const OptionEntry& option : command.options)
    if (option.positional)
      line += option.required ? " " + Value(option) : " [" + Value(option) + "]";
  return line + "\n";
}

std::string Describe(const OptionEntry& option) {
  std::string line;
  if (option.positional) {
    line = Value(option);
  } else {
    for (const std::string& name : option.names) line += (line.empty() ? "" : ", ") + Bold(name);
    if (!option.type.empty()) line += " " + Value(option);
  }
  if (option.required) line += " (required)";
  return ".TP\n" + line + "\n" + Paragraph(option.description);
}

/// By groups, in the order of their first options. Arguments have none.
std::string Options(const CommandEntry& command) {
  std::vector<std::string> groups;
  for (const OptionEntry& option : command.options)
    if (!option.positional && std::ranges::find(groups, option.group) == groups.end())
      groups.push_back(option.group);
  std::string page;
  for (const OptionEntry& option : command.options)
    if (option.positional) page += Describe(option);
  if (!page.empty()) page = ".SH ARGUMENTS\n" + page;
  page += ".SH OPTIONS\n";
  for (const std::string& group : groups) {
    if (groups.size() > 1) page += ".SS " + Escape(group) + "\n";
    for (const OptionEntry& option : command.options)
      if (!option.positional && option.group == group) page += Describe(option);
  }
  return page;
}

std::string Commands(const CommandEntry& command, const std::vector<CommandEntry>& tree) {
  if (command.subcommands.empty()) return {};
  std::string page = ".SH COMMANDS\n";
  for (const std::string& name : command.subcommands) {
    const std::string path = command.path.empty() ? name : command.path + " " + name;
    const auto found = std::ranges::find(tree, path, &CommandEntry::path);
    page += ".TP\n" + Bold(FullName(path, '-')) + "(1)\n" + Paragraph(found->description);
  }
  return page;
}

std::string Page(const CommandEntry& command, const std::vector<CommandEntry>& tree) {
  const std::string name = FullName(command.path, '-');
  std::string page = ".TH " + Escape(name) + " 1 \"\" \"semel " SEMEL_VERSION "\" \"Semel\"\n";
  page += ".SH NAME\n" + Escape(name) + " \\- " + Escape(Summary(command.description)) + "\n";
  page += ".SH SYNOPSIS\n" + Synopsis(command);
  page += ".SH DESCRIPTION\n" + Paragraph(command.description);
  page += Commands(command, tree) + Options(command);
  if (!command.footer.empty()) page += ".SH NOTES\n" + Verbatim(command.footer);
  if (!command.path.empty()) page += ".SH SEE ALSO\n" + Bold("semel") + "(1)\n";
  return page;
}

int PrintPage(const CLI::App& app, const std::vector<std::string>& words) {
  std::string path;
  for (const std::string& word : words) path += (path.empty() ? "" : " ") + word;
  const std::vector<CommandEntry> tree = CommandTree(app);
  const auto command = std::ranges::find(tree, path, &CommandEntry::path);
  if (command == tree.end())
    return Fail("man", {Action::kFix, "there is no command '" + path + "'; see semel --help"});
  std::cout << Page(*command, tree) << std::flush;
  return 0;
}

}  // namespace

void AddMan(CLI::App& parent, Run& run) {
  CLI::App* const command =
      parent.add_subcommand("man", "Prints the man page of semel, or of one of its commands.");
  command->footer("Example: semel man seen dump | man -l -");
  const auto words = std::make_shared<std::vector<std::string>>();
  command->add_option("COMMAND", *words, "As on the command line; nothing: semel itself");
  command->callback(
      [words, &parent, &run] { run = [words, &parent] { return PrintPage(parent, *words); }; });
}

}  // namespace semel::app
