#include <unistd.h>

#include <atomic>
#include <iostream>
#include <memory>

#include "command.h"
#include "config/size.h"
#include "console.h"
#include "kafka_flags.h"
#include "key_rule_flags.h"
#include "scan/scan_topic.h"
#include "wiring/progress.h"
#include "wiring/random_seed.h"
#include "wiring/spdlog_logger.h"

namespace semel::app {
namespace {

constexpr std::uint64_t kMemoryMin = std::uint64_t{1} << 20U;

struct ScanFlags {
  KafkaFlags kafka;
  KeyRuleFlags key_rule;
  std::string topic;
  std::string memory_limit = "1GiB";
  bool json = false;

  Result<scan::ScanOptions> Options() const {
    scan::ScanOptions options{.topic = topic, .seed = RandomSeed()};
    SEMEL_TRY_ASSIGN(options.kafka, kafka.Settings());
    SEMEL_TRY_ASSIGN(options.key, key_rule.Rule());
    SEMEL_TRY_ASSIGN(const std::uint64_t machine, config::MachineMemoryLimit());
    SEMEL_TRY_ASSIGN(options.memory_limit, config::ParseSize(memory_limit, machine));
    if (options.memory_limit < kMemoryMin)
      return Error{Action::kFix, "--memory-limit takes 1MiB and more"};
    return options;
  }
};

Result<void> Scan(const ScanFlags& flags) {
  SEMEL_TRY_ASSIGN(const scan::ScanOptions options, flags.Options());
  Terminal terminal(STDERR_FILENO);
  const auto logger = MakeLogger(terminal, LogFormat::kText, LogLevel::kWarning);
  WarnOf(options.kafka, *logger);
  std::atomic<std::uint64_t> read = 0;
  auto line = std::make_unique<Progress>(
      terminal, [&] { return options.topic + ": " + std::to_string(read) + " records"; });
  const auto result = scan::ScanTopic(options, *logger, read);
  line.reset();
  if (!result) return result.error();
  std::cout << (flags.json ? ToJson(result->report, result->topic) + "\n"
                           : ToText(result->report, result->topic))
            << std::flush;
  return {};
}

}  // namespace

void AddScan(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "scan",
      "Reads a topic and reports its duplicates: how many, how far from the first sight, and what\n"
      "window and how much memory `semel dedup` would need. Reads what is committed up to the end\n"
      "as of the start; writes nothing and joins no group.");
  command->footer("Example: semel scan orders --brokers localhost:9092 --key json:/order_id");
  const auto flags = std::make_shared<ScanFlags>();
  flags->kafka.AddTo(*command);
  flags->key_rule.AddTo(*command);
  command->add_option("TOPIC", flags->topic, "The topic")->required();
  command
      ->add_option("--memory-limit", flags->memory_limit,
                   "Bound of what is remembered; beyond it only a sample of the events is looked\n"
                   "at, and the report says so")
      ->type_name("SIZE")
      ->capture_default_str();
  command->add_flag("--json", flags->json, "One JSON object instead of text");
  command->callback([flags, &run] {
    run = [flags] {
      const auto done = Scan(*flags);
      return done ? 0 : Fail("scan", done.error());
    };
  });
}

}  // namespace semel::app
