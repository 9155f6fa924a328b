#include "wiring/job_topics.h"

#include <chrono>
#include <thread>

#include "base/clock.h"
#include "kafka/rdkafka_log_reader.h"

namespace semel {
namespace {

constexpr kafka::Milliseconds kTimeout{15'000};
constexpr kafka::Milliseconds kBetweenLooks{100};

Result<JobTopics> KnowAll(kafka::Admin& admin, const DedupOptions& options,
                          const std::vector<std::string>& others) {
  JobTopics topics;
  SEMEL_TRY_ASSIGN(topics.input, Know(admin, options.from));
  if (!options.to.empty()) {
    SEMEL_TRY_ASSIGN(topics.output, Know(admin, options.to));
  }
  if (!options.changelog.empty()) {
    SEMEL_TRY_ASSIGN(topics.changelog, Know(admin, options.changelog));
  }
  for (const std::string& name : others) {
    SEMEL_TRY_ASSIGN(topics.others.emplace_back(), Know(admin, name));
  }
  return topics;
}

bool AppearsSoon(kafka::Admin& admin, const std::string& topic) {
  const SystemClock clock;
  const auto deadline = clock.Now() + kafka::kHearsay;
  for (;;) {
    const auto now = admin.Describe(topic, kTimeout);
    if (now && now->exists) return true;
    if (clock.Now() > deadline) return false;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

// Of two processes that start at once, one finds that the other was faster: that is all right.
Result<void> CreateMissing(kafka::Admin& admin, const JobTopics& topics, const TopicRules& rules,
                           Logger& logger) {
  for (const kafka::NewTopic& topic : MissingTopics(topics, rules)) {
    if (const auto created = admin.Create({&topic, 1}, kTimeout); !created) {
      if (!AppearsSoon(admin, topic.name)) return created.error();
      continue;
    }
    logger.Info("topic created",
                {{"topic", topic.name}, {"partitions", std::to_string(topic.partitions)}});
  }
  return {};
}

// The broker that answers may hear of a new topic later than the one that made it.
Result<JobTopics> KnowCreated(kafka::Admin& admin, const DedupOptions& options,
                              const std::vector<std::string>& others, const TopicRules& rules) {
  const SystemClock clock;
  const auto deadline = clock.Now() + kTimeout;
  for (;;) {
    auto topics = KnowAll(admin, options, others);
    const bool all = topics && MissingTopics(*topics, rules).empty();
    if (all || clock.Now() > deadline) return topics;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

// Whether the input holds records older than the output keeps them; false when that is not known.
bool HoldsOlder(const DedupOptions& options, const JobTopics& topics, Logger& logger) {
  const std::int64_t retention = topics.output.Number("retention.ms", -1);
  if (retention < 0) return false;
  const auto reader =
      kafka::RdkafkaLogReader::Open(options.kafka, {options.group, options.from}, logger);
  if (!reader) return false;
  const std::int64_t oldest_kept = SystemClock{}.WallMs() - retention;
  for (kafka::Partition part = 0; part < topics.input.description.partitions; ++part) {
    const auto marks = (*reader)->Marks(options.from, part, kTimeout);
    const auto kept = (*reader)->OffsetAt(options.from, part, oldest_kept, kTimeout);
    if (!marks || !kept) return false;
    if (marks->low < *kept) return true;
  }
  return false;
}

TopicRules RulesOf(const DedupOptions& options) {
  return {kafka::SemelFlags(options.kafka), kafka::KafkaToolFlags(options.kafka), options.window,
          options.replication};
}

std::string Join(const std::vector<std::string>& errors) {
  std::string text;
  for (const std::string& error : errors) text += (text.empty() ? "" : "; ") + error;
  return text;
}

}  // namespace

Result<KnownTopic> Know(kafka::Admin& admin, const std::string& name) {
  KnownTopic topic{name};
  SEMEL_TRY_ASSIGN(topic.description, admin.Describe(name, kTimeout));
  if (topic.description.exists) {
    SEMEL_TRY_ASSIGN(topic.config, admin.Config(name, kTimeout));
  }
  return topic;
}

Result<void> CreateMissingTopics(const DedupOptions& options, Logger& logger) {
  const std::vector<std::string> others = PolicyTopics(options.policies);
  const TopicRules rules = RulesOf(options);
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(options.kafka, logger));
  SEMEL_TRY_ASSIGN(const JobTopics topics, KnowAll(*admin, options, others));
  if (!topics.input.description.exists) return {};  // said by who reads it
  if (MissingTopics(topics, rules).empty()) return {};
  SEMEL_TRY(CreateMissing(*admin, topics, rules, logger));
  SEMEL_TRY(KnowCreated(*admin, options, others, rules));
  // One broker knows them; others are asked by others.
  std::this_thread::sleep_for(kafka::kHearsay);
  return {};
}

Result<JobTopics> PrepareTopics(const DedupOptions& options, Logger& logger,
                                const std::vector<std::string>& more) {
  std::vector<std::string> others = PolicyTopics(options.policies);
  others.insert(others.end(), more.begin(), more.end());
  const TopicRules rules = RulesOf(options);
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(options.kafka, logger));
  SEMEL_TRY_ASSIGN(JobTopics topics, KnowAll(*admin, options, others));
  if (options.create_topics && topics.input.description.exists) {
    SEMEL_TRY(CreateMissing(*admin, topics, rules, logger));
    SEMEL_TRY_ASSIGN(topics, KnowCreated(*admin, options, others, rules));
  }
  const bool both = topics.input.description.exists && topics.output.description.exists;
  const TopicFindings findings =
      CheckTopics(topics, rules, both && HoldsOlder(options, topics, logger));
  for (const std::string& warning : findings.warnings) logger.Warning(warning);
  if (!findings.errors.empty()) return Error{Action::kFix, Join(findings.errors)};
  return topics;
}

}  // namespace semel
