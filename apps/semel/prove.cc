#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "command.h"
#include "console.h"
#include "duration_flag.h"
#include "kafka_flags.h"
#include "key_rule_flags.h"
#include "prove/histories_reader.h"
#include "prove/producer.h"
#include "wiring/progress.h"
#include "wiring/spdlog_logger.h"

namespace semel::app {
namespace {

constexpr std::int64_t kSevenDaysMs = 7LL * 24 * 3600 * 1000;

std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free, "it is set by a signal handler");

void StopOnSignals() {
  for (const int signal : {SIGINT, SIGTERM})
    static_cast<void>(std::signal(signal, [](int) { stop_requested = true; }));
}

struct ProduceFlags {
  KafkaFlags kafka;
  prove::ProduceOptions options;
  std::string shape = "view-event";
  std::string record_time = "now";
  std::string summary;
};

int PrintProduced(const ProduceFlags& flags, const prove::Produced& produced) {
  if (flags.summary == "json") {
    const nlohmann::ordered_json json = {{"acknowledged", produced.acknowledged},
                                         {"failed", produced.failed},
                                         {"copies", produced.copies},
                                         {"seconds", produced.seconds}};
    std::cout << json.dump() << '\n';
  } else {
    std::cout << produced.acknowledged << " records acknowledged, " << produced.copies
              << " sent were copies; the truth is in " << flags.options.truth_path << '\n';
  }
  if (produced.failed == 0) return 0;
  return Fail("prove produce",
              {Action::kFail, std::to_string(produced.failed) +
                                  " records were not acknowledged, and are not in the truth "
                                  "file; the first: " +
                                  produced.first_failure});
}

std::string Describe(const prove::Activity& activity) {
  const std::string* topic = activity.topic;
  return topic == nullptr ? "" : *topic + ": " + std::to_string(activity.records) + " records";
}

Result<prove::Produced> Produce(ProduceFlags& flags) {
  SEMEL_TRY_ASSIGN(flags.options.settings, flags.kafka.Settings());
  if (flags.shape == "small") flags.options.stream.shape = prove::Shape::kSmall;
  if (flags.record_time == "spread") flags.options.record_time = prove::RecordTime::kSpread;
  Terminal terminal(STDERR_FILENO);
  const auto logger = MakeLogger(terminal, LogFormat::kText, LogLevel::kWarning);
  WarnOf(flags.options.settings, *logger);
  prove::Activity activity;
  const Progress line(terminal, [&activity] { return Describe(activity); });
  return prove::Produce(flags.options, *logger, activity, stop_requested);
}

int RunProduce(ProduceFlags& flags) {
  StopOnSignals();
  const auto produced = Produce(flags);
  return produced ? PrintProduced(flags, *produced) : Fail("prove produce", produced.error());
}

void AddSummary(CLI::App& command, std::string& summary) {
  command.add_option("--summary", summary, "One JSON object instead of text")
      ->type_name("json")
      ->check(CLI::IsMember({"json"}).description(""));
}

void AddWindow(CLI::App& command, std::int64_t& window_ms) {
  window_ms = kSevenDaysMs;
  command.add_option("--window", window_ms, "The window of `semel dedup`, in record time")
      ->type_name("DURATION")
      ->default_str("7d")
      ->transform(Duration());
}

void AddShare(CLI::App& command, const std::string& name, double& share, const char* text) {
  command.add_option(name, share, text)
      ->type_name("SHARE")
      ->check(CLI::Range(0.0, 1.0).description(""))
      ->capture_default_str();
}

CLI::Option* AddChoice(CLI::App& command, const std::string& name, std::string& choice,
                       std::initializer_list<std::string> choices, const char* text) {
  std::string names;
  for (const std::string& one : choices) names += (names.empty() ? "" : "|") + one;
  return command.add_option(name, choice, text)
      ->type_name(names)
      ->check(CLI::IsMember(std::vector<std::string>(choices)).description(""))
      ->capture_default_str();
}

void AddStreamFlags(CLI::App& command, ProduceFlags& flags) {
  prove::ProduceOptions& options = flags.options;
  options.events = 100'000;
  command.add_option("--events", options.events, "How many records, copies included")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--seed", options.stream.seed, "The same seed gives the same events")
      ->type_name("S")
      ->capture_default_str();
  AddChoice(command, "--shape", flags.shape, {"view-event", "small"},
            "view-event: JSON of 136 fields, 4.3 KB; small: 6 fields, 0.2 KB");
  AddShare(command, "--duplicates", options.stream.duplicates, "Share of records that are copies");
  AddShare(command, "--missing", options.stream.missing, "Share of records without an event_id");
  AddShare(command, "--invalid", options.stream.invalid, "Share of records that are not JSON");
  AddShare(command, "--late", options.stream.late,
           "Share of records with a time before the window");
  command.add_option("--rate", options.rate, "Records a second; 0: as fast as Kafka takes them")
      ->type_name("N")
      ->capture_default_str();
  AddWindow(command, options.stream.window_ms);
  AddChoice(command, "--record-time", flags.record_time, {"now", "spread"},
            "now: the time of sending; spread: evenly over the last three windows, so that\n"
            "records leave the window too (the topic needs retention.ms=-1)");
}

void AddProveProduce(CLI::App& prove, Run& run) {
  CLI::App* const command = prove.add_subcommand(
      "produce",
      "Writes a reproducible stream with duplicates into a topic (acks=all, idempotent), and what\n"
      "the brokers acknowledged into a file. Of the copies a third follows within 100 records, a\n"
      "third within seconds, a third far away, up to the exact edge of the window.\n"
      "Each record has a header `uid` of its own; copies of one event share the rest.");
  command->footer(
      "Example: semel prove produce --brokers localhost:9092 --to orders --truth orders.truth\n"
      "Ctrl-C stops it; the truth file then holds what was acknowledged until then.");
  const auto flags = std::make_shared<ProduceFlags>();
  flags->kafka.AddTo(*command);
  command->add_option("--to", flags->options.topic, "Topic to write to; it must exist")
      ->type_name("TOPIC")
      ->required();
  command->add_option("--truth", flags->options.truth_path, "Where the truth is written")
      ->type_name("FILE")
      ->required();
  AddStreamFlags(*command, *flags);
  AddSummary(*command, flags->summary);
  command->callback([flags, &run] {
    const prove::StreamOptions& stream = flags->options.stream;
    if (stream.duplicates + stream.missing + stream.invalid + stream.late > 1)
      throw CLI::ValidationError(
          "--duplicates, --missing, --invalid and --late are more than 1 together");
    run = [flags] { return RunProduce(*flags); };
  });
}

struct CheckFlags {
  KafkaFlags kafka;
  KeyRuleFlags key_rule;
  prove::CheckOptions options;
  std::string truth;
  std::string on_duplicate = "drop";
  std::string on_missing = "pass";
  std::string on_invalid = "pass";
  std::string on_late = "pass";
  std::string summary;
};

prove::Unjudged PolicyOf(const std::string& flag) {
  return flag == "drop" ? prove::Unjudged::kDrop : prove::Unjudged::kPass;
}

void SetPolicies(const CheckFlags& flags, prove::Rules& rules) {
  rules.mark_duplicates = flags.on_duplicate == "mark";
  rules.judge_missing = flags.on_missing == "dedup";
  rules.missing = PolicyOf(flags.on_missing);
  rules.invalid = PolicyOf(flags.on_invalid);
  rules.late = PolicyOf(flags.on_late);
}

Result<prove::Report> Check(CheckFlags& flags) {
  prove::CheckOptions& options = flags.options;
  SEMEL_TRY_ASSIGN(options.settings, flags.kafka.Settings());
  SEMEL_TRY_ASSIGN(options.key, flags.key_rule.Rule());
  SEMEL_TRY_ASSIGN(std::ifstream truth, prove::OpenTruth(flags.truth));
  SetPolicies(flags, options.rules);
  options.rules.now_ms = SystemClock{}.WallMs();
  Terminal terminal(STDERR_FILENO);
  const auto logger = MakeLogger(terminal, LogFormat::kText, LogLevel::kWarning);
  WarnOf(options.settings, *logger);
  prove::Activity activity;
  const Progress line(terminal, [&activity] { return Describe(activity); });
  SEMEL_TRY_ASSIGN(const prove::Histories histories, ReadHistories(options, *logger, activity));
  prove::Report report;
  SEMEL_TRY(prove::CheckTruth(truth, flags.truth, histories, report));
  prove::Check(histories, options.rules, report);
  return report;
}

int RunCheck(CheckFlags& flags) {
  const auto report = Check(flags);
  if (!report) return Fail("prove check", report.error());
  std::cout << (flags.summary == "json" ? ToJson(*report) + '\n' : ToText(*report));
  return report->passed() ? 0 : 1;
}

void AddPolicyFlags(CLI::App& command, CheckFlags& flags) {
  const std::string group = "What `semel dedup` was told (dropped: not in the output)";
  AddChoice(command, "--on-duplicate", flags.on_duplicate, {"drop", "mark"}, "Duplicates")
      ->group(group);
  AddChoice(command, "--on-missing", flags.on_missing, {"pass", "drop", "dedup"},
            "Records without a part of the key")
      ->group(group);
  AddChoice(command, "--on-invalid", flags.on_invalid, {"pass", "drop"},
            "Records that cannot be read")
      ->group(group);
  AddChoice(command, "--on-late", flags.on_late, {"pass", "drop"}, "Records from before the window")
      ->group(group);
}

void AddCheck(CLI::App& prove, Run& run) {
  CLI::App* const command = prove.add_subcommand(
      "check",
      "Reads input, output and changelog whole, applies the window rules by itself, and reports\n"
      "what was lost, duplicated, altered or put out of order. Exit code 0 only when all is "
      "right,\n"
      "1 when it is not. Run it when `semel dedup` has caught up.");
  command->footer(
      "Example: semel prove check --brokers localhost:9092 --truth orders.truth --from orders \\\n"
      "           --to orders.unique --key json:/event_id --group semel.orders \\\n"
      "           --changelog semel.orders.seen");
  const auto flags = std::make_shared<CheckFlags>();
  prove::CheckOptions& options = flags->options;
  flags->kafka.AddTo(*command);
  command->add_option("--truth", flags->truth, "The file that `semel prove produce` wrote")
      ->type_name("FILE")
      ->required();
  command->add_option("--from", options.input_topic, "Input of `semel dedup`")
      ->type_name("TOPIC")
      ->required();
  command->add_option("--to", options.output_topic, "Its output")->type_name("TOPIC")->required();
  command
      ->add_option("--group", options.group, "Its consumer group, to check the committed offsets")
      ->type_name("GROUP");
  command
      ->add_option("--changelog", options.changelog_topic,
                   "Its changelog, to compare it with the output")
      ->type_name("TOPIC");
  AddWindow(*command, options.rules.window_ms);
  flags->key_rule.AddTo(*command);
  AddPolicyFlags(*command, *flags);
  AddSummary(*command, flags->summary);
  command->callback([flags, &run] { run = [flags] { return RunCheck(*flags); }; });
}

}  // namespace

void AddProve(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "prove",
      "Does it keep its promise here? Writes a known stream with duplicates into a topic, and\n"
      "checks the output of `semel dedup` against it.");
  command->require_subcommand(1);
  AddProveProduce(*command, run);
  AddCheck(*command, run);
}

}  // namespace semel::app
