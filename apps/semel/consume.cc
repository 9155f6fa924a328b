#include <unistd.h>

#include <iostream>
#include <memory>

#include "accepted_flags.h"
#include "base/number.h"
#include "command.h"
#include "config/start.h"
#include "console.h"
#include "consume_modes.h"
#include "consume_unique.h"
#include "kafka_flags.h"
#include "key_rule_flags.h"
#include "wiring/spdlog_logger.h"
#include "wiring/stop_signals.h"

namespace semel::app {
namespace {

struct ConsumeFlags {
  KafkaFlags kafka;
  std::vector<std::string> topics;
  std::string mode = "pull";
  std::string from = "beginning";
  std::optional<std::int32_t> partition;
  std::string group;
  std::optional<std::uint64_t> count;
  bool until_end = false;
  std::optional<std::string> key_delimiter;
  std::string output = "text";
  std::optional<std::string> message_template;
  std::string read = "committed";
  bool unique = false;
  KeyRuleFlags key;
  pipeline::Accepted accepted;
};

Result<Place> ParsePlace(const std::string& text) {
  if (const auto place = config::ParsePlace(text)) return *place;
  if (text.starts_with("s@"))
    if (const auto time = ParseCount(text.substr(2))) return Place::Time(*time);
  return Error{Action::kFix, "--from " + text +
                                 ": write beginning, end, an offset, a date (2026-11-23, UTC), a "
                                 "time with its zone (2026-11-23T09:28:33Z) or s@MILLISECONDS"};
}

Result<MessageFormat> FormatOf(const ConsumeFlags& flags) {
  const bool json = flags.output == "json";
  if (json && (flags.message_template || flags.key_delimiter))
    return Error{Action::kFix, "--output json excludes --template and --key-delimiter"};
  if (flags.message_template && flags.key_delimiter)
    return Error{Action::kFix, "--template excludes --key-delimiter: write %k"};
  if (flags.message_template) return TemplateFormat(*flags.message_template);
  return json ? JsonFormat() : TextFormat(flags.key_delimiter);
}

Result<ConsumeJob> JobOf(const ConsumeFlags& flags, const kafka::ClientSettings& settings,
                         Logger& logger) {
  ConsumeJob job;
  job.consumer.brokers = settings.brokers;
  job.consumer.properties.insert(settings.properties.begin(), settings.properties.end());
  SEMEL_TRY_ASSIGN(job.consumer.start, ParsePlace(flags.from));
  job.consumer.group = flags.group;
  if (const auto group = settings.properties.find("group.id");
      flags.group.empty() && group != settings.properties.end())
    job.consumer.group = group->second;
  job.consumer.read_uncommitted = flags.read == "uncommitted";
  job.consumer.log = [&logger](LogLevel level, std::string_view line) {
    logger.Write(level, line, {});
  };
  job.topics = flags.topics;
  job.partition = flags.partition;
  if (flags.count) job.count = *flags.count;
  job.until_end = flags.until_end;
  if (flags.unique && flags.mode != "pull")
    return Error{Action::kFix, "--unique excludes --mode " + flags.mode};
  if (flags.mode != "pull" && (job.consumer.group.empty() || flags.partition))
    return Error{Action::kFix, "--mode " + flags.mode +
                                   " reads as a member of a group: it needs --group, and takes no "
                                   "--partition"};
  return job;
}

Result<void> Work(const ConsumeFlags& flags, std::uint64_t& written) {
  SEMEL_TRY_ASSIGN(MessageFormat format, FormatOf(flags));
  SEMEL_TRY_ASSIGN(const auto settings,
                   flags.kafka.Settings(flags.unique ? kafka::PropertyRules::kPromise
                                                     : kafka::PropertyRules::kLibrary));
  SEMEL_TRY_ASSIGN(const KeyRule key, flags.key.Rule());
  Terminal terminal(STDERR_FILENO);
  const auto logger = MakeLogger(terminal, LogFormat::kText, LogLevel::kWarning);
  WarnOf(settings, *logger);
  SEMEL_TRY_ASSIGN(ConsumeJob job, JobOf(flags, settings, *logger));
  const StopSignals signals(
      *logger, job.consumer.group.empty() ? "Not all that was read was written" : kReadAgain);
  MessageOutput output(STDOUT_FILENO, std::move(format));
  const Result<void> done = flags.unique
                                ? ConsumeUnique(job, key, flags.accepted, output, signals.token())
                                : Consume(flags.mode, std::move(job), output, signals.token());
  written = output.written();
  return done;
}

int RunConsume(const ConsumeFlags& flags) {
  std::uint64_t written = 0;
  const Result<void> done = Work(flags, written);
  if (written > 0 || done) std::cerr << written << " messages\n";
  return done ? 0 : Fail("consume", done.error());
}

void AddReading(CLI::App& command, ConsumeFlags& flags) {
  command
      .add_option("--mode", flags.mode,
                  "How messages are read and committed:\n"
                  "  pull    many at a time; committed every second\n"
                  "  push    one at a time as they come; committed every second\n"
                  "  single  one at a time, each committed before the next\n"
                  "  batch   at least 10 at a time, or after 5 s; each batch committed")
      ->type_name("MODE")
      ->check(CLI::IsMember({"pull", "push", "single", "batch"}).description(""))
      ->capture_default_str();
  command
      .add_option("-o,--from", flags.from,
                  "Where to begin: beginning, end, an offset, a date or time, or s@MILLISECONDS\n"
                  "since the epoch. With --group, in partitions without a committed offset")
      ->type_name("PLACE")
      ->capture_default_str();
  command.add_option("-p,--partition", flags.partition, "This partition only")
      ->type_name("N")
      ->check(CLI::NonNegativeNumber.description(""));
  command
      .add_option("-G,--group", flags.group,
                  "Reads as a member of this consumer group, and commits what was written")
      ->type_name("NAME");
  command
      .add_option("-c,--count", flags.count,
                  "Ends after so many messages; in batch mode, after the batch that has them")
      ->type_name("N")
      ->check(CLI::PositiveNumber.description(""));
  command.add_flag("-e,--until-end", flags.until_end, "Ends at the end of all partitions");
  command
      .add_option("--read", flags.read,
                  "uncommitted: messages of open and aborted transactions too")
      ->type_name("WHAT")
      ->check(CLI::IsMember({"committed", "uncommitted"}).description(""))
      ->capture_default_str();
}

void AddUnique(CLI::App& command, ConsumeFlags& flags) {
  CLI::Option* const unique = command.add_flag(
      "-u,--unique", flags.unique,
      "Each event once: copies are taken out, and what was seen is kept in the topic\n"
      "<group>.seen. After a crash, what was written and not committed comes again");
  for (CLI::Option* option : flags.key.AddTo(command)) option->needs(unique);
  for (CLI::Option* option : AddAccepted(command, flags.accepted)) option->needs(unique);
}

void AddWriting(CLI::App& command, ConsumeFlags& flags) {
  command
      .add_option("-K,--key-delimiter", flags.key_delimiter,
                  "Writes the key and this before the value")
      ->type_name("TEXT");
  command
      .add_option("--output", flags.output,
                  "text: a value a line. json: an object a line; what is not UTF-8 is\n"
                  "{\"base64\": \"...\"}")
      ->type_name("FORMAT")
      ->check(CLI::IsMember({"text", "json"}).description(""))
      ->capture_default_str();
  command
      .add_option("-f,--template", flags.message_template,
                  "As in kcat: %t topic, %p partition, %o offset, %k key, %s value, %h headers,\n"
                  "%T timestamp, %K and %S lengths; \\n \\t \\r \\\\ \\xNN")
      ->type_name("TEXT");
}

}  // namespace

void AddConsume(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "consume",
      "Writes the messages of topics to stdout. Without --group it reads all partitions and "
      "commits\n"
      "nothing.");
  command->footer(
      "Example: semel consume orders --brokers localhost:9092 --until-end --output json\n"
      "What was written is committed, never what was not: after a crash messages may come again.\n"
      "SIGINT and SIGTERM leave the group and end with code 0.");
  const auto flags = std::make_shared<ConsumeFlags>();
  command->add_option("TOPIC", flags->topics, "Topics; with --group, ^ begins a regular expression")
      ->required();
  AddReading(*command, *flags);
  AddUnique(*command, *flags);
  AddWriting(*command, *flags);
  flags->kafka.AddTo(*command);
  command->callback([flags, &run] { run = [flags] { return RunConsume(*flags); }; });
}

}  // namespace semel::app
