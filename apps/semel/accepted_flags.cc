#include "accepted_flags.h"

namespace semel::app {

std::vector<CLI::Option*> AddAccepted(CLI::App& command, pipeline::Accepted& accepted) {
  const std::string group = "After it stopped with exit code 4 (for one start)";
  std::vector<CLI::Option*> options = {
      command.add_flag("--accept-gap", accepted.gap,
                       "Input was removed unread, or the changelog is not whole: go on"),
      command.add_flag("--accept-new-rule", accepted.new_rule,
                       "Key rule or window differ from the changelog's: forget what it remembers"),
      command.add_flag("--accept-new-partitions", accepted.partitions,
                       "The input has another number of partitions")};
  for (CLI::Option* option : options) option->group(group);
  return options;
}

}  // namespace semel::app
