#include <algorithm>
#include <iostream>
#include <memory>

#include "command.h"
#include "command_tree.h"

namespace semel::app {
namespace {

/// What the scripts are put together from: patterns of `case`, each "command word", and what
/// follows them.
struct Tables {
  std::string commands;  ///< patterns of all commands below the binary
  /// Of options whose values are known, are files, or are anything.
  std::string values;
  std::string offers;  ///< what can come in a command
};

std::string Quote(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string Join(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

/// "command word" for each word; `command` is "" or " seen dump".
std::string Patterns(const std::string& command, const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words)
    text += (text.empty() ? "" : " | ") + Quote(command + " " + word);
  return text;
}

std::string WhatToOffer(const OptionEntry& option) {
  if (!option.values.empty()) return "offer=(" + Join(option.values) + ")";
  return option.type == "FILE" || option.type == "DIR" ? "files=1" : "return";
}

Tables MakeTables(const std::vector<CommandEntry>& tree) {
  Tables tables;
  for (const CommandEntry& entry : tree) {
    const std::string command = entry.path.empty() ? "" : " " + entry.path;
    if (!entry.subcommands.empty())
      tables.commands +=
          (tables.commands.empty() ? "" : " | ") + Patterns(command, entry.subcommands);
    std::vector<std::string> offer = entry.subcommands;
    for (const OptionEntry& option : entry.options) {
      const auto& words = option.positional ? option.values : option.names;
      offer.insert(offer.end(), words.begin(), words.end());
      if (!option.positional && !option.type.empty())
        tables.values +=
            "    " + Patterns(command, option.names) + ") " + WhatToOffer(option) + " ;;\n";
    }
    tables.offers += "    " + Quote(command) + ") offer=(" + Join(offer) + ") ;;\n";
  }
  return tables;
}

// The words so far say which command it is, and what may follow.
std::string Body(const Tables& tables, const std::string& before, const std::string& previous) {
  return "  local command='' word files=''\n"
         "  local -a offer=()\n"
         "  for word in " +
         before +
         "; do\n"
         "    case \"$command $word\" in\n"
         "      " +
         tables.commands +
         ") command=\"$command $word\" ;;\n"
         "    esac\n"
         "  done\n"
         "  case \"$command " +
         previous + "\" in\n" + tables.values +
         "    *)\n"
         "    case \"$command\" in\n" +
         tables.offers +
         "    esac ;;\n"
         "  esac\n";
}

std::string Bash(const Tables& tables) {
  return "# Completion of semel for bash: source <(semel completion bash)\n"
         "_semel() {\n"
         "  COMPREPLY=()\n" +
         Body(tables, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"", "${COMP_WORDS[COMP_CWORD-1]}") +
         "  local current=${COMP_WORDS[COMP_CWORD]}\n"
         "  if [[ -n $files ]]; then\n"
         "    mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
         "  else\n"
         "    mapfile -t COMPREPLY < <(compgen -W \"${offer[*]}\" -- \"$current\")\n"
         "  fi\n"
         "}\n"
         "complete -o filenames -F _semel semel\n";
}

std::string Zsh(const Tables& tables) {
  return "#compdef semel\n"
         "# Completion of semel for zsh: source <(semel completion zsh), or a file _semel in "
         "fpath\n"
         "_semel() {\n" +
         Body(tables, "\"${(@)words[2,CURRENT-1]}\"", "${words[CURRENT-1]}") +
         "  if [[ -n $files ]]; then\n"
         "    _files\n"
         "  else\n"
         "    compadd -a offer\n"
         "  fi\n"
         "}\n"
         "if [[ ${funcstack[1]} == _semel ]]; then\n"
         "  _semel \"$@\"\n"
         "else\n"
         "  compdef _semel semel\n"
         "fi\n";
}

}  // namespace

void AddCompletion(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "completion", "Prints a script that makes a shell complete commands, options and values.");
  command->footer("Example: source <(semel completion bash)");
  const auto shell = std::make_shared<std::string>();
  command->add_option("SHELL", *shell, "Which shell")
      ->type_name("bash|zsh")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}).description(""));
  command->callback([shell, &parent, &run] {
    run = [shell, &parent] {
      const Tables tables = MakeTables(CommandTree(parent));
      std::cout << (*shell == "bash" ? Bash(tables) : Zsh(tables)) << std::flush;
      return 0;
    };
  });
}

}  // namespace semel::app
