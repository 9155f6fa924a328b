#include "dedup_flags.h"

#include "accepted_flags.h"
#include "config/size.h"
#include "config/start.h"
#include "config/yaml_file.h"
#include "duration_flag.h"

namespace semel::app {
namespace {

constexpr std::int64_t kCommitIntervalMaxMs = 1500;
constexpr int kLanesMax = 1024;

CLI::Option* AddText(CLI::App& command, const std::string& group, const std::string& name,
                     std::string& value, const char* type, const char* text) {
  return command.add_option(name, value, text)->type_name(type)->group(group);
}

CLI::Option* AddChoice(CLI::App& command, const std::string& group, const std::string& name,
                       std::string& choice, const std::vector<std::string>& choices,
                       const char* text) {
  std::string names;
  for (const std::string& one : choices) names += (names.empty() ? "" : "|") + one;
  return AddText(command, group, name, choice, names.c_str(), text)
      ->check(CLI::IsMember(choices).description(""))
      ->capture_default_str();
}

pipeline::StartPoint ToStartPoint(const config::Start& start) {
  switch (start.kind) {
    case config::Start::Kind::kEarliest:
      return {pipeline::StartPoint::Kind::kEarliest, 0};
    case config::Start::Kind::kLatest:
      return {pipeline::StartPoint::Kind::kLatest, 0};
    case config::Start::Kind::kTime:
      break;
  }
  return {pipeline::StartPoint::Kind::kTime, start.time_ms};
}

pipeline::OnReset ToOnReset(const std::string& text) {
  if (text == "continue") return pipeline::OnReset::kContinue;
  return text == "replay" ? pipeline::OnReset::kReplay : pipeline::OnReset::kStop;
}

}  // namespace

void DedupFlags::AddTo(CLI::App& command) {
  kafka_.AddTo(command);
  AddTopics(command);
  key_rule_.AddTo(command);
  AddWindow(command);
  AddMemory(command);
  AddPolicies(command);
  AddRun(command);
  AddProcess(command);
  AddAccepted(command, options_.accepted);
  run_.AddTo(command);
  config::AddSettingsFile(command, kafka_.from_file());
}

void DedupFlags::AddTopics(CLI::App& command) {
  const std::string group = "Topics";
  AddText(command, group, "--from", options_.from, "TOPIC", "Input")->required();
  AddText(command, group, "--to", options_.to, "TOPIC",
          "Output; record by record in the partition of the input")
      ->required();
  AddText(command, group, "--group", options_.group, "GROUP",
          "Consumer group; also begins the transactional ids [semel.<from>]");
  AddText(command, group, "--changelog", options_.changelog, "TOPIC",
          "What was seen, durable: written in the same transactions [<group>.seen]");
  command
      .add_flag("--create-topics", options_.create_topics,
                "Create output, changelog and policy topics that are missing, with safe settings")
      ->group(group);
  command
      .add_option("--replication", options_.replication,
                  "Replicas of created topics [the brokers' default]")
      ->type_name("N")
      ->check(CLI::Range(1, 32767).description(""))
      ->group(group);
}

void DedupFlags::AddWindow(CLI::App& command) {
  const std::string group = "What is a duplicate";
  command
      .add_option("--window", window_ms_,
                  "How long a fingerprint is remembered, by the records' time")
      ->type_name("DURATION")
      ->default_str("7d")
      ->transform(Duration())
      ->group(group);
  AddText(command, group, "--scope", scope_, "partition",
          "Where copies are looked for: in their own partition; there is no other choice yet")
      ->capture_default_str();
  AddText(command, group, "--start", start_, "START",
          "Where a new group begins: earliest, latest or a time (2026-11-23T09:00:00Z)")
      ->capture_default_str();
}

void DedupFlags::AddMemory(CLI::App& command) {
  const std::string group = "Where it is remembered";
  AddText(
      command, group, "--seen", seen_, "memory|redis://[USER@]HOST[:PORT][/DB]",
      "In this process, with the changelog as its durable form; or in a Redis (rediss://: with\n"
      "TLS), for copies in all partitions: weaker when Redis forgets, see docs/redis.md")
      ->capture_default_str();
  redis_.AddTo(command, group);
  command
      .add_option("--seen-ttl", seen_ttl_ms_,
                  "How long Redis keeps an event; at least the window and the longest lag\n"
                  "[window + the input's retention + 1h]")
      ->type_name("DURATION")
      ->transform(Duration())
      ->group(group);
}

void DedupFlags::AddPolicies(CLI::App& command) {
  const std::string group =
      "What happens to records (topic:NAME keeps them, with headers that say why)";
  const auto add = [&](const char* name, std::string& value, const char* type, const char* text) {
    AddText(command, group, name, value, type, text)->capture_default_str();
  };
  add("--on-duplicate", on_duplicate_, "drop|mark|topic:NAME",
      "Duplicates; mark: forward with header semel-duplicate-of");
  add("--on-missing", on_missing_, "pass|drop|topic:NAME|fail|dedup",
      "A part of the key is absent; dedup: judge by what is there");
  add("--on-invalid", on_invalid_, "pass|drop|topic:NAME|fail", "The value cannot be read");
  add("--on-late", on_late_, "pass|drop|topic:NAME|fail",
      "Older than the window: cannot be judged");
  add("--on-rejected", on_rejected_, "fail|topic:NAME",
      "The brokers refuse it: too large, timestamp, policy");
  AddChoice(command, group, "--on-reset", on_reset_, {"stop", "continue", "replay"},
            "The committed offset was moved back: stop, go on where the changelog ends, or\n"
            "deliver again from there");
}

void DedupFlags::AddRun(CLI::App& command) {
  const std::string group = "How it runs";
  CLI::Option* const until_end =
      command
          .add_flag("--until-end", options_.until_end,
                    "Stop when the input's end as of the start is committed, with exit code 0")
          ->group(group);
  CLI::Option* const dry_run =
      command
          .add_flag("--dry-run", options_.dry_run,
                    "Count only: write nothing, join no group; ends at the input's end")
          ->group(group);
  command.add_flag("--follow", options_.follow, "With --dry-run: do not end there")
      ->needs(dry_run)
      ->excludes(until_end)
      ->group(group);
  command
      .add_option("--lanes", options_.lanes, "Worker threads, each with its share of partitions")
      ->type_name("N")
      ->check(CLI::Range(1, kLanesMax).description(""))
      ->capture_default_str()
      ->group(group);
  command
      .add_option("--commit-interval", commit_interval_ms_,
                  "Longest age of an open transaction, 1ms to 1500ms")
      ->type_name("DURATION")
      ->default_str("100ms")
      ->transform(Duration())
      ->group(group);
  AddText(command, group, "--memory-limit", memory_limit_, "SIZE",
          "Bound of what is remembered: 4GiB, or a share of the machine's or cgroup's memory.\n"
          "Reaching it stops with a text; nothing is forgotten")
      ->capture_default_str();
}

void DedupFlags::AddProcess(CLI::App& command) {
  const std::string group = "This process";
  AddText(command, group, "--instance", options_.instance, "NAME",
          "Stable name: a restart serves its partitions at once [random]");
  AddText(command, group, "--state-dir", options_.state_dir, "DIR",
          "Keeps the random name, and snapshots that shorten a start; for one process");
  AddText(command, group, "--metrics", options_.metrics, "HOST:PORT",
          "Serve /metrics, /livez and /readyz");
}

Result<PolicyChoices> DedupFlags::Policies() const {
  PolicyChoices choices;
  SEMEL_TRY_ASSIGN(choices.duplicate,
                   ParsePolicy("--on-duplicate", on_duplicate_, {"drop", "mark"}));
  SEMEL_TRY_ASSIGN(choices.missing,
                   ParsePolicy("--on-missing", on_missing_, {"pass", "drop", "fail", "dedup"}));
  SEMEL_TRY_ASSIGN(choices.invalid,
                   ParsePolicy("--on-invalid", on_invalid_, {"pass", "drop", "fail"}));
  SEMEL_TRY_ASSIGN(choices.late, ParsePolicy("--on-late", on_late_, {"pass", "drop", "fail"}));
  SEMEL_TRY_ASSIGN(choices.rejected, ParsePolicy("--on-rejected", on_rejected_, {"fail"}));
  return choices;
}

Result<void> DedupFlags::CheckCombinations() const {
  if (scope_ == "topic")
    return Error{Action::kFix,
                 "--scope topic is not there yet. Copies are found where they share a partition: "
                 "produce them with the same key, or remember them in a Redis (--seen)"};
  if (scope_ != "partition")
    return Error{Action::kFix, "--scope takes partition, not '" + scope_ + "'"};
  if (commit_interval_ms_ < 1 || commit_interval_ms_ > kCommitIntervalMaxMs)
    return Error{Action::kFix, "--commit-interval takes 1ms to 1500ms"};
  if (window_ms_ < 1) return Error{Action::kFix, "--window takes 1ms and more"};
  return {};
}

Result<std::optional<RedisSeen>> DedupFlags::Seen() const {
  if (seen_ == "memory") {
    if (seen_ttl_ms_ > 0) return Error{Action::kFix, "--seen-ttl goes with --seen redis://..."};
    return std::optional<RedisSeen>();
  }
  if (options_.dry_run)
    return Error{Action::kFix,
                 "--dry-run writes nothing, and --seen redis://... writes at every event; leave "
                 "one of them out"};
  if (seen_ttl_ms_ > 0 && seen_ttl_ms_ < window_ms_)
    return Error{Action::kFix,
                 "--seen-ttl must be at least the window, and the longest lag on top"};
  RedisSeen seen{.time_to_live = std::chrono::milliseconds(seen_ttl_ms_)};
  SEMEL_TRY_ASSIGN(seen.access, redis_.Access("--seen", seen_));
  return std::optional(std::move(seen));
}

Result<DedupOptions> DedupFlags::Options() const {
  SEMEL_TRY(CheckCombinations());
  DedupOptions options = options_;
  SEMEL_TRY_ASSIGN(options.kafka, kafka_.Settings());
  SEMEL_TRY_ASSIGN(options.key, key_rule_.Rule());
  SEMEL_TRY(Fingerprinter::Open(options.key));
  if (options.group.empty()) options.group = "semel." + options.from;
  if (options.changelog.empty()) options.changelog = options.group + ".seen";
  options.window = std::chrono::milliseconds(window_ms_);
  options.commit_interval = std::chrono::milliseconds(commit_interval_ms_);
  SEMEL_TRY_ASSIGN(const config::Start start, config::ParseStart(start_));
  options.start = ToStartPoint(start);
  options.on_reset = ToOnReset(on_reset_);
  SEMEL_TRY_ASSIGN(options.policies, Policies());
  SEMEL_TRY_ASSIGN(const std::uint64_t machine, config::MachineMemoryLimit());
  SEMEL_TRY_ASSIGN(options.memory_limit, config::ParseSize(memory_limit_, machine));
  SEMEL_TRY_ASSIGN(options.redis, Seen());
  SEMEL_TRY(CheckNames(options));
  return options;
}

}  // namespace semel::app
