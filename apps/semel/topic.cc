#include <algorithm>
#include <chrono>
#include <iomanip>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <thread>

#include "action.h"
#include "config/start.h"
#include "kafka/admin.h"
#include "kafka/rdkafka_log_reader.h"
#include "table.h"
#include "topic_layout.h"

namespace semel::app {
namespace {

constexpr std::chrono::milliseconds kTimeout{30'000};
constexpr std::chrono::milliseconds kHearsay{3'000};  // until every broker knows a new topic
constexpr std::chrono::milliseconds kBetweenLooks{50};
constexpr int kSafeReplication = 3;

struct TopicFlags {
  KafkaFlags kafka;
  std::vector<std::string> names;
  int partitions = 3;
  int replication = kSafeReplication;
  std::vector<std::string> config;
  std::string time;
};

// What the promise asks of a topic, unless the user says otherwise.
kafka::TopicConfig SafeConfig(int replication) {
  kafka::TopicConfig config = {{"unclean.leader.election.enable", "false"}};
  if (replication >= kSafeReplication) config["min.insync.replicas"] = "2";
  return config;
}

bool Knows(kafka::Admin& broker, const std::string& topic) {
  const auto found = broker.Describe(topic, kHearsay);
  return !found || found->exists;  // one that does not answer is not waited for
}

// The controller says that a topic is there before every broker has heard of it, and the next
// command of a script may ask any of them. So each that we were told of is asked.
Result<void> AwaitKnown(const std::vector<std::string>& topics, kafka::ClientSettings settings,
                        Logger& logger) {
  std::istringstream brokers(settings.brokers);
  const auto deadline = std::chrono::steady_clock::now() + kHearsay;
  while (std::getline(brokers, settings.brokers, ',')) {
    SEMEL_TRY_ASSIGN(const auto broker, kafka::Admin::Open(settings, logger));
    for (const std::string& topic : topics)
      while (!Knows(*broker, topic) && std::chrono::steady_clock::now() < deadline)
        std::this_thread::sleep_for(kBetweenLooks);
  }
  return {};
}

Result<void> Create(const TopicFlags& flags, const kafka::ClientSettings& settings,
                    Logger& logger) {
  kafka::TopicConfig config = SafeConfig(flags.replication);
  for (const std::string& assignment : flags.config) {
    const std::size_t equals = assignment.find('=');
    if (equals == std::string::npos || equals == 0)
      return Error{Action::kFix, "--config " + assignment + ": it is written NAME=VALUE"};
    config[assignment.substr(0, equals)] = assignment.substr(equals + 1);
  }
  std::vector<kafka::NewTopic> topics;
  topics.reserve(flags.names.size());
  for (const std::string& name : flags.names)
    topics.push_back({name, flags.partitions, flags.replication, config});
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(settings, logger));
  SEMEL_TRY(admin->Create(topics, kTimeout));
  return AwaitKnown(flags.names, settings, logger);
}

Result<void> Delete(const TopicFlags& flags, const kafka::ClientSettings& settings,
                    Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(settings, logger));
  return admin->Delete(flags.names, kTimeout);
}

Result<void> List(const TopicFlags& /*flags*/, const kafka::ClientSettings& settings,
                  Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(settings, logger));
  SEMEL_TRY_ASSIGN(const auto names, admin->ListTopics(kTimeout));
  for (const std::string& name : names) std::cout << name << '\n';
  return {};
}

std::string Join(const std::vector<std::int32_t>& brokers) {
  std::string text;
  for (const std::int32_t broker : brokers)
    text += (text.empty() ? "" : ",") + std::to_string(broker);
  return text;
}

template <typename... Cells>
void PrintRow(const Cells&... cells) {
  ((std::cout << std::left << std::setw(14) << cells), ...) << '\n';
}

Result<void> DescribeOne(const std::string& name, const kafka::ClientSettings& settings,
                         Logger& logger) {
  SEMEL_TRY_ASSIGN(const TopicLayout layout, ReadTopicLayout(settings, name, logger));
  SEMEL_TRY_ASSIGN(const auto offsets,
                   kafka::RdkafkaLogReader::Open(settings, {"semel.topic", name}, logger));
  std::cout << name << '\n';
  for (const auto& [setting, value] : layout.config)
    std::cout << "  " << setting << '=' << value << '\n';
  PrintRow("  partition", "leader", "replicas", "in-sync", "low", "stable", "high");
  for (std::size_t i = 0; i < layout.partitions.size(); ++i) {
    const PartitionLayout& partition = layout.partitions[i];
    SEMEL_TRY_ASSIGN(const auto marks,
                     offsets->Marks(name, static_cast<std::int32_t>(i), kTimeout));
    PrintRow("  " + std::to_string(i), partition.leader, Join(partition.replicas),
             Join(partition.in_sync), marks.low, marks.last_stable, marks.high);
  }
  return {};
}

Result<void> Describe(const TopicFlags& flags, const kafka::ClientSettings& settings,
                      Logger& logger) {
  for (const std::string& name : flags.names) SEMEL_TRY(DescribeOne(name, settings, logger));
  return {};
}

// A partition's row; with a time, its offset there is what the count begins at.
Result<std::vector<std::string>> OffsetsRow(kafka::LogReader& reader, const std::string& topic,
                                            std::int32_t partition,
                                            const std::optional<std::int64_t>& time_ms) {
  SEMEL_TRY_ASSIGN(const auto marks, reader.Marks(topic, partition, kTimeout));
  std::vector<std::string> row{topic, std::to_string(partition), std::to_string(marks.low),
                               std::to_string(marks.last_stable), std::to_string(marks.high)};
  kafka::Offset from = marks.low;
  if (time_ms) {
    SEMEL_TRY_ASSIGN(from, reader.OffsetAt(topic, partition, *time_ms, kTimeout));
    row.push_back(std::to_string(from));
  }
  row.push_back(std::to_string(std::max<kafka::Offset>(0, marks.last_stable - from)));
  return row;
}

Result<void> Offsets(const TopicFlags& flags, const kafka::ClientSettings& settings,
                     Logger& logger) {
  std::optional<std::int64_t> time_ms;
  std::vector<std::string> header{"TOPIC", "PARTITION", "LOW", "STABLE", "HIGH"};
  if (!flags.time.empty()) {
    const auto start = config::ParseStart(flags.time);
    if (!start || start->kind != config::Start::Kind::kTime)
      return Error{Action::kFix, "--time " + flags.time +
                                     ": write milliseconds since the epoch, a date (2026-11-23, "
                                     "UTC) or a time with its zone (2026-11-23T09:28:33Z)"};
    time_ms = start->time_ms;
    header.emplace_back("AT-TIME");
  }
  header.emplace_back("COUNT");
  std::vector<std::vector<std::string>> rows{header};
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(settings, logger));
  for (const std::string& name : flags.names) {
    SEMEL_TRY_ASSIGN(const auto topic, admin->Find(name, kTimeout));
    SEMEL_TRY_ASSIGN(const auto reader,
                     kafka::RdkafkaLogReader::Open(settings, {"semel.topic", name}, logger));
    for (std::int32_t partition = 0; partition < topic.partitions; ++partition) {
      SEMEL_TRY_ASSIGN(rows.emplace_back(), OffsetsRow(*reader, name, partition, time_ms));
    }
  }
  PrintTable(rows, std::cout);
  return {};
}

CLI::Validator PositiveNumber() {
  CLI::Validator positive = CLI::PositiveNumber;
  return positive.description("");
}

void AddNames(CLI::App& command, TopicFlags& flags) {
  command.add_option("NAME", flags.names, "Topics")->required();
}

void AddCreate(CLI::App& topic, Run& run) {
  CLI::App* const command = topic.add_subcommand(
      "create",
      "Creates topics that can keep Semel's promise: three replicas, two of them in sync for each\n"
      "acknowledged write, no unclean leader election.");
  command->footer(
      "Example: semel topic create orders --brokers localhost:9092 --config retention.ms=-1");
  const auto flags = AddAction(*command, Create, run);
  AddNames(*command, *flags);
  command->add_option("--partitions", flags->partitions, "How many partitions")
      ->type_name("N")
      ->check(PositiveNumber())
      ->capture_default_str();
  command
      ->add_option("--replication", flags->replication,
                   "Copies of each partition; below 3 a lost broker can lose data")
      ->type_name("N")
      ->check(PositiveNumber())
      ->capture_default_str();
  command->add_option("--config", flags->config, "A topic setting; repeat for more")
      ->type_name("NAME=VALUE")
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
      ->allow_extra_args(false);
}

void AddOffsets(CLI::App& topic, Run& run) {
  CLI::App* const command = topic.add_subcommand(
      "offsets",
      "Prints, for each partition: the first offset that is there, the last stable one (up to "
      "where\n"
      "a read_committed consumer can read), the end with open transactions, and how many offsets\n"
      "there are up to the stable one. Transaction markers have offsets too.");
  command->footer(
      "Example: semel topic offsets orders --brokers localhost:9092 --time 2026-11-23T09:00:00Z");
  const auto flags = AddAction(*command, Offsets, run);
  AddNames(*command, *flags);
  command
      ->add_option("--time", flags->time,
                   "Also the first offset at or after that time (the end where there is none);\n"
                   "the count is from there")
      ->type_name("TIME");
}

}  // namespace

void AddTopic(CLI::App& parent, Run& run) {
  CLI::App* const command = parent.add_subcommand(
      "topic", "Creates, lists, describes and deletes topics, and shows their offsets.");
  command->require_subcommand(1);
  AddCreate(*command, run);
  AddAction(*command->add_subcommand("list", "Prints the names of all topics."), List, run);
  CLI::App* const describe = command->add_subcommand(
      "describe", "Shows partitions, replicas and offsets, and the settings made for the topic.");
  AddNames(*describe, *AddAction(*describe, Describe, run));
  AddOffsets(*command, run);
  CLI::App* const remove =
      command->add_subcommand("delete", "Deletes topics and all that is in them.");
  AddNames(*remove, *AddAction(*remove, Delete, run));
}

}  // namespace semel::app
