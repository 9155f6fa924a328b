#include <unistd.h>

#include <iostream>
#include <memory>

#include "command.h"
#include "console.h"
#include "duration_flag.h"
#include "kafka_flags.h"
#include "key_rule_flags.h"
#include "seen_tool/dump.h"
#include "seen_tool/forget.h"
#include "seen_tool/rebuild.h"
#include "seen_tool/verify.h"
#include "wiring/progress.h"

namespace semel::app {
namespace {

constexpr std::int64_t kSevenDaysMs = 7LL * 24 * 3600 * 1000;

struct SeenFlags {
  KafkaFlags kafka;
  std::string from;
  std::string group;
  std::string changelog;

  Result<seen_tool::JobNames> Names() const {
    seen_tool::JobNames names{{}, from, group, changelog};
    SEMEL_TRY_ASSIGN(names.kafka, kafka.Settings());
    if (names.group.empty()) names.group = "semel." + from;
    if (names.changelog.empty()) names.changelog = names.group + ".seen";
    return names;
  }
};

CLI::Option* AddNames(CLI::App& command, SeenFlags& flags) {
  flags.kafka.AddTo(command);
  CLI::Option* const from =
      command.add_option("--from", flags.from, "Input of `semel dedup`")->type_name("TOPIC");
  command.add_option("--group", flags.group, "Its consumer group [semel.<from>]")
      ->type_name("GROUP");
  command.add_option("--changelog", flags.changelog, "Its changelog [<group>.seen]")
      ->type_name("TOPIC");
  return from;
}

std::string Describe(const prove::Activity& activity) {
  const std::string* topic = activity.topic;
  return topic == nullptr ? "" : *topic + ": " + std::to_string(activity.records) + " records";
}

// The status line may be on the same terminal: it gives way.
void Print(const std::string& text, Terminal& terminal) {
  terminal.SetStatus({});
  std::cout << text << std::flush;
}

// ---------------------------------------------------------------------------------------- verify

struct VerifyFlags : SeenFlags {
  std::string state_dir;
};

Result<void> Verify(const VerifyFlags& flags, Terminal& terminal, Logger& logger, bool& right) {
  SEMEL_TRY_ASSIGN(const seen_tool::JobNames names, flags.Names());
  WarnOf(names.kafka, logger);
  prove::Activity activity;
  const Progress line(terminal, [&activity] { return Describe(activity); });
  return seen_tool::Verify(names, flags.state_dir, logger, activity,
                           [&](const seen_tool::PartitionReport& report) {
                             Print(ToText(report), terminal);
                             right = right && Right(report);
                           });
}

void AddVerify(CLI::App& seen, Run& run) {
  CLI::App* const command = seen.add_subcommand(
      "verify",
      "Reads the changelog of every partition, checks each record and that it goes with the\n"
      "committed offset, and prints a line a partition. Writes nothing; the job may be running.\n"
      "Exit code 0 only when all is right, 1 when something is not.");
  command->footer(
      "Example: semel seen verify --brokers localhost:9092 --from orders --state-dir /var/semel");
  const auto flags = std::make_shared<VerifyFlags>();
  AddNames(*command, *flags)->required();
  command
      ->add_option("--state-dir", flags->state_dir,
                   "Check the snapshots there too: each has to give, with the changelog's tail,\n"
                   "what the whole changelog gives")
      ->type_name("DIR")
      ->check(CLI::ExistingDirectory.description(""));
  command->callback([flags, &run] {
    run = [flags] {
      bool right = true;
      const int code = Perform("seen verify", [&](Terminal& terminal, Logger& logger) {
        return Verify(*flags, terminal, logger, right);
      });
      return code == 0 && !right ? 1 : code;
    };
  });
}

// ------------------------------------------------------------------------------------------ dump

struct DumpFlags : SeenFlags {
  std::string snapshot;
  bool seed_format = false;
};

Result<void> Dump(const DumpFlags& flags, Logger& logger) {
  const auto format =
      flags.seed_format ? seen_tool::DumpFormat::kSeed : seen_tool::DumpFormat::kEntries;
  if (!flags.snapshot.empty())
    return seen_tool::DumpSnapshot(flags.snapshot, format, STDOUT_FILENO);
  if (flags.from.empty())
    return Error{Action::kFix, "what to dump? --from TOPIC, or --snapshot FILE"};
  SEMEL_TRY_ASSIGN(const seen_tool::JobNames names, flags.Names());
  WarnOf(names.kafka, logger);
  return seen_tool::DumpChangelog(names, format, STDOUT_FILENO, logger);
}

void AddDump(CLI::App& seen, Run& run) {
  CLI::App* const command = seen.add_subcommand(
      "dump",
      "Prints what is remembered, a JSON object a line, by partition and input offset:\n"
      "{\"partition\":0,\"fingerprint\":\"hex\",\"time\":milliseconds,\"offset\":n}");
  command->footer(
      "Examples: semel seen dump --brokers localhost:9092 --from orders | grep $FINGERPRINT\n"
      "          semel seen dump --snapshot /var/semel/semel.orders.seen-0.snapshot");
  const auto flags = std::make_shared<DumpFlags>();
  CLI::Option* const from = AddNames(*command, *flags);
  command
      ->add_option("--snapshot", flags->snapshot,
                   "Of a snapshot file instead of the changelog; without Kafka")
      ->type_name("FILE")
      ->excludes(from);
  command->add_flag(
      "--seed-format", flags->seed_format,
      "Lines that other programs can start from, with the input's name:\n"
      "{\"hash\":\"hex\",\"topic\":\"name\",\"partition\":0,\"offset\":n,\"time\":ms}");
  command->callback([flags, &run] {
    run = [flags] {
      return Perform("seen dump",
                     [&](Terminal& /*terminal*/, Logger& logger) { return Dump(*flags, logger); });
    };
  });
}

// ---------------------------------------------------------------------------------------- forget

struct ForgetFlags : SeenFlags {
  std::vector<std::string> fingerprints;
};

Result<void> Forget(const ForgetFlags& flags, Terminal& terminal, Logger& logger) {
  SEMEL_TRY_ASSIGN(const seen_tool::JobNames names, flags.Names());
  WarnOf(names.kafka, logger);
  prove::Activity activity;
  const Progress line(terminal, [&activity] { return Describe(activity); });
  bool any = false;
  SEMEL_TRY(seen_tool::Forget(names, flags.fingerprints, logger, activity,
                              [&](const seen_tool::PartitionForgot& partition) {
                                any = true;
                                Print(ToText(partition), terminal);
                              }));
  if (!any) Print("no partition remembers any of them\n", terminal);
  return {};
}

void AddForget(CLI::App& seen, Run& run) {
  CLI::App* const command = seen.add_subcommand(
      "forget",
      "Makes `semel dedup` forget events, so that each may pass once more in every partition that\n"
      "remembered it. Stop all of its workers first. What is remembered of later events is "
      "written\n"
      "to the changelog again.");
  command->footer(
      "Example: semel seen forget --brokers localhost:9092 --from orders \\\n"
      "           5d1c0f0a6e0b4c4f9b2a7b8c1d2e3f40\n"
      "Fingerprints are printed by semel fingerprint and semel seen dump.");
  const auto flags = std::make_shared<ForgetFlags>();
  AddNames(*command, *flags)->required();
  command->add_option("FINGERPRINT", flags->fingerprints, "What to forget, in hex")->required();
  command->callback([flags, &run] {
    run = [flags] {
      return Perform("seen forget", [&](Terminal& terminal, Logger& logger) {
        return Forget(*flags, terminal, logger);
      });
    };
  });
}

// --------------------------------------------------------------------------------------- rebuild

struct RebuildFlags : SeenFlags {
  KeyRuleFlags key_rule;
  DedupOptions options;
  std::int64_t window_ms = kSevenDaysMs;
  std::string on_missing = "pass";
  bool from_output = false;

  Result<DedupOptions> Options() const {
    DedupOptions all = options;
    SEMEL_TRY_ASSIGN(const seen_tool::JobNames names, Names());
    all.kafka = names.kafka;
    all.from = names.from;
    all.group = names.group;
    all.changelog = names.changelog;
    SEMEL_TRY_ASSIGN(all.key, key_rule.Rule());
    if (window_ms < 1) return Error{Action::kFix, "--window takes 1ms and more"};
    all.window = std::chrono::milliseconds(window_ms);
    if (on_missing == "dedup") all.policies.missing.kind = pipeline::Policy::Kind::kDedup;
    SEMEL_TRY(CheckNames(all));
    return all;
  }
};

Result<void> Rebuild(const RebuildFlags& flags, Terminal& terminal, Logger& logger) {
  SEMEL_TRY_ASSIGN(const DedupOptions options, flags.Options());
  WarnOf(options.kafka, logger);
  prove::Activity activity;
  const Progress line(terminal, [&activity] { return Describe(activity); });
  return seen_tool::Rebuild(options, logger, activity,
                            [&terminal](const seen_tool::PartitionRebuilt& partition) {
                              Print(ToText(partition), terminal);
                            });
}

void AddRebuildFlags(CLI::App& command, RebuildFlags& flags) {
  command
      .add_flag("--from-output", flags.from_output,
                "What was seen is read from the output: the one source that there is")
      ->required();
  command.add_option("--to", flags.options.to, "Its output")->type_name("TOPIC")->required();
  flags.key_rule.AddTo(command);
  const std::string group = "As `semel dedup` was told";
  command.add_option("--window", flags.window_ms, "How long a fingerprint is remembered")
      ->type_name("DURATION")
      ->default_str("7d")
      ->transform(Duration())
      ->group(group);
  command
      .add_option("--on-missing", flags.on_missing,
                  "Whether events without a part of the key are judged (dedup) or not")
      ->type_name("pass|dedup")
      ->check(CLI::IsMember({"pass", "dedup"}).description(""))
      ->capture_default_str()
      ->group(group);
  command.add_flag("--create-topics", flags.options.create_topics,
                   "Create the changelog anew, with safe settings, where it is missing");
  command
      .add_option("--replication", flags.options.replication,
                  "Replicas of created topics [the brokers' default]")
      ->type_name("N")
      ->check(CLI::Range(1, 32767).description(""));
  command.add_flag("--accept-gap", flags.options.accepted.gap,
                   "The output has lost events of the window: go on without them");
}

void AddRebuild(CLI::App& seen, Run& run) {
  CLI::App* const command = seen.add_subcommand(
      "rebuild",
      "After the changelog topic was deleted: reads the last window of the output, and writes "
      "what\n"
      "was seen to the new, empty changelog. `semel dedup` then goes on where it was, and repeats\n"
      "nothing that is in the output. Stop all of its workers first. A partition is done whole or\n"
      "not at all; run it again if it was interrupted.");
  command->footer(
      "Example: semel seen rebuild --from-output --brokers localhost:9092 --from orders \\\n"
      "           --to orders.unique --key json:/order_id --window 7d --create-topics\n"
      "Key and window must be those of the job: nothing is left that they could be checked by.");
  const auto flags = std::make_shared<RebuildFlags>();
  AddNames(*command, *flags)->required();
  AddRebuildFlags(*command, *flags);
  command->callback([flags, &run] {
    run = [flags] {
      return Perform("seen rebuild", [&](Terminal& terminal, Logger& logger) {
        return Rebuild(*flags, terminal, logger);
      });
    };
  });
}

}  // namespace

void AddSeen(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "seen",
      "Looks into what `semel dedup` remembers: checks it, prints it, forgets some of it,\n"
      "rebuilds it.");
  command->require_subcommand(1);
  AddVerify(*command, run);
  AddDump(*command, run);
  AddForget(*command, run);
  AddRebuild(*command, run);
}

}  // namespace semel::app
