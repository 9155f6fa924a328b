#include <iostream>
#include <memory>

#include "action.h"
#include "group_tool/describe.h"
#include "group_tool/reset.h"
#include "table.h"

namespace semel::app {
namespace {

constexpr std::chrono::milliseconds kTimeout{30'000};

struct GroupFlags {
  KafkaFlags kafka;
  std::string group;
  std::vector<std::string> topics;
  std::string to;
  bool execute = false;
};

using Rows = std::vector<std::vector<std::string>>;

std::string Text(const std::optional<kafka::Offset>& offset) {
  return offset ? std::to_string(*offset) : "-";
}

Result<void> List(const GroupFlags& /*flags*/, const kafka::ClientSettings& settings,
                  Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto groups, kafka::GroupAdmin::Open(settings, logger));
  SEMEL_TRY_ASSIGN(const auto found, groups->List(kTimeout));
  Rows rows{{"GROUP", "STATE"}};
  for (const kafka::GroupListing& group : found) rows.push_back({group.name, group.state});
  PrintTable(rows, std::cout);
  return {};
}

void PrintMembers(const kafka::GroupDescription& group) {
  if (group.members.empty()) return;
  Rows rows{{"MEMBER", "HOST", "PARTITIONS"}};
  for (const kafka::GroupMember& member : group.members)
    rows.push_back({member.instance.empty() ? member.client_id : member.instance, member.host,
                    group_tool::ToText(member.partitions)});
  std::cout << '\n';
  PrintTable(rows, std::cout);
}

void PrintProgress(const std::vector<group_tool::PartitionProgress>& partitions) {
  if (partitions.empty()) return;
  Rows rows{{"TOPIC", "PARTITION", "COMMITTED", "END", "LAG"}};
  kafka::Offset lag = 0;
  for (const auto& each : partitions) {
    rows.push_back({each.at.topic, std::to_string(each.at.partition), Text(each.committed),
                    Text(each.end), Text(each.lag)});
    lag += each.lag.value_or(0);
  }
  rows.push_back({"all", "", "", "", std::to_string(lag)});
  std::cout << '\n';
  PrintTable(rows, std::cout);
}

Result<void> Describe(const GroupFlags& flags, const kafka::ClientSettings& settings,
                      Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto report, group_tool::DescribeGroup(settings, flags.group, logger));
  const kafka::GroupDescription& group = report.group;
  std::cout << flags.group << ": " << group.state << ", " << group.members.size() << " members"
            << (group.assignor.empty() ? "" : ", " + group.assignor) << '\n';
  PrintMembers(group);
  PrintProgress(report.partitions);
  return {};
}

void WarnOfDedup(const group_tool::ResetPlan& plan) {
  if (!plan.of_dedup) return;
  std::cerr << "semel group reset: group " << plan.group
            << " belongs to a semel dedup, which remembers how far it was. At its next start it\n"
               "  stops with exit code 4. Moved back: --on-reset replay delivers again from there, "
               "--on-reset continue\n"
               "  goes on where it was. Moved ahead: --accept-gap goes on there; what lies in "
               "between is lost.\n";
}

Result<void> Reset(const GroupFlags& flags, const kafka::ClientSettings& settings, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto target, group_tool::ParseResetTarget(flags.to));
  SEMEL_TRY_ASSIGN(const auto plan,
                   group_tool::PlanReset(settings, flags.group, flags.topics, target, logger));
  Rows rows{{"TOPIC", "PARTITION", "COMMITTED", "NEW"}};
  for (const group_tool::OffsetMove& move : plan.moves)
    rows.push_back({move.at.topic, std::to_string(move.at.partition), Text(move.before),
                    std::to_string(move.after)});
  PrintTable(rows, std::cout);
  if (!plan.exists)
    std::cerr << "semel group reset: there is no group " << plan.group
              << " yet; this makes it. Check the name\n";
  WarnOfDedup(plan);
  if (!flags.execute) {
    std::cout << "Nothing was moved. To do it, repeat this with --execute\n";
    return {};
  }
  SEMEL_TRY(group_tool::Execute(plan, settings, logger));
  std::cout << "Moved\n";
  return {};
}

void AddName(CLI::App& command, GroupFlags& flags) {
  command.add_option("GROUP", flags.group, "The consumer group")->required();
}

void AddReset(CLI::App& group, Run& run) {
  CLI::App* const command = group.add_subcommand(
      "reset",
      "Moves what a group has committed, so that it reads again or skips. Without --execute it\n"
      "only shows what it would do. Nobody may be in the group.");
  command->footer(
      "Example: semel group reset billing --brokers localhost:9092 --topic orders --to 2026-11-23\n"
      "For the group of a semel dedup see its --on-reset: moved offsets alone repeat nothing.");
  const auto flags = AddAction(*command, Reset, run);
  AddName(*command, *flags);
  command->add_option("--topic", flags->topics, "All partitions of it, or one; repeat for more")
      ->type_name("TOPIC[:PARTITION]")
      ->required()
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
  command
      ->add_option("--to", flags->to,
                   "beginning, end, an offset (1200), so many back from the committed one (-100),\n"
                   "or a time (2026-11-23, 2026-11-23T09:00:00Z): the first record at or after it")
      ->type_name("TARGET")
      ->required();
  command->add_flag("--execute", flags->execute, "Do it");
}

}  // namespace

void AddGroup(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "group", "Lists and describes consumer groups, and moves what they have committed.");
  command->require_subcommand(1);
  AddAction(*command->add_subcommand("list", "Prints all consumer groups and their states."), List,
            run);
  CLI::App* const describe = command->add_subcommand(
      "describe",
      "Shows who is in a group, and how far it has come. End: the last stable offset, up to where\n"
      "a read_committed consumer can read. Lag: what lies between, transaction markers included.");
  AddName(*describe, *AddAction(*describe, Describe, run));
  AddReset(*command, run);
}

}  // namespace semel::app
