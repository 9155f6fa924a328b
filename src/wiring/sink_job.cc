#include "wiring/sink_job.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/number.h"
#include "kafka/admin.h"
#include "kafka/rdkafka_client.h"
#include "sink/lane.h"
#include "sink/postgres_database.h"

namespace semel {
namespace {

constexpr std::chrono::seconds kBetweenTries{1};
constexpr kafka::Milliseconds kAskKafka{15'000};
constexpr std::size_t kRecordBytes = 1'048'588;

struct SinkTopics {
  int input_partitions = 0;
  int letter_partitions = 0;
  std::size_t letter_bytes = 0;  ///< the largest record
  std::string cluster_id{};
};

Error NoTopic(const std::string& topic, const SinkOptions& options) {
  return {Action::kFix, "there is no topic " + topic + ". This makes it: semel topic create " +
                            topic + " " + kafka::SemelFlags(options.kafka)};
}

/// max.message.bytes; Kafka's default for whoever may not look.
std::size_t LargestRecord(kafka::Admin& admin, const std::string& topic, Logger& logger) {
  std::string reason = "it does not tell";
  if (const auto config = admin.Config(topic, kAskKafka); !config) {
    reason = config.error().message;
  } else if (const auto found = config->find("max.message.bytes"); found != config->end()) {
    if (const auto bytes = ParseNumber<std::size_t>(found->second)) return *bytes;
  }
  logger.Warning("max.message.bytes is not known, and taken to be the default",
                 {{"topic", topic}, {"reason", reason}});
  return kRecordBytes;
}

std::size_t LargestLetter(kafka::Admin& admin, const SinkOptions& options, Logger& logger) {
  const std::size_t letters = LargestRecord(admin, options.invalid_topic, logger);
  const std::size_t input = LargestRecord(admin, options.from, logger);
  if (input > letters)
    logger.Warning(
        "the dead-letter topic takes smaller records than the input: larger ones are cut",
        {{"topic", options.invalid_topic},
         {"max.message.bytes", std::to_string(letters)},
         {"input", std::to_string(input)}});
  return letters;
}

Result<SinkTopics> AskTopics(const SinkOptions& options, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(options.kafka, logger));
  SEMEL_TRY_ASSIGN(const auto input, admin->Describe(options.from, kAskKafka));
  if (!input.exists) return NoTopic(options.from, options);
  SinkTopics topics{.input_partitions = input.partitions};
  SEMEL_TRY_ASSIGN(topics.cluster_id, admin->ClusterId(kAskKafka));
  if (options.on_invalid != sink::OnInvalid::kTopic) return topics;
  SEMEL_TRY_ASSIGN(const auto letters, admin->Describe(options.invalid_topic, kAskKafka));
  if (!letters.exists) return NoTopic(options.invalid_topic, options);
  topics.letter_partitions = letters.partitions;
  topics.letter_bytes = LargestLetter(*admin, options, logger);
  return topics;
}

Result<std::vector<postgres::Column>> OpenAndPrepare(sink::PostgresDatabase& database,
                                                     bool create) {
  SEMEL_TRY(database.Open());
  return database.Prepare(create);
}

/// Waits for a server that is not there yet; nothing when it is told to stop.
Result<std::vector<postgres::Column>> PrepareDatabase(sink::PostgresDatabase& database, bool create,
                                                      const std::stop_token& stop, Logger& logger) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  for (;;) {
    auto columns = OpenAndPrepare(database, create);
    if (columns || columns.error().action != Action::kRetry) return columns;
    logger.Warning("PostgreSQL is waited for", {{"reason", columns.error().message}});
    stopped.wait_for(lock, stop, kBetweenTries, [] { return false; });
    if (stop.stop_requested()) return std::vector<postgres::Column>();
  }
}

Result<std::unique_ptr<sink::DeadLetterTopic>> OpenLetters(const SinkOptions& options,
                                                           const SinkTopics& topics,
                                                           Logger& logger) {
  if (options.on_invalid != sink::OnInvalid::kTopic)
    return std::unique_ptr<sink::DeadLetterTopic>();
  return sink::DeadLetterTopic::Open({.kafka = options.kafka,
                                      .from = options.from,
                                      .topic = options.invalid_topic,
                                      .partitions = topics.letter_partitions,
                                      .max_bytes = topics.letter_bytes},
                                     logger);
}

}  // namespace

Result<void> RunSink(const SinkOptions& options, metrics::SinkBoard& board, StopSignals& signals,
                     Logger& logger) {
  SEMEL_TRY_ASSIGN(const SinkTopics topics, AskTopics(options, logger));
  sink::PostgresDatabase database({.conninfo = options.conninfo,
                                   .group = options.group,
                                   .topic = options.from,
                                   .cluster_id = topics.cluster_id,
                                   .table = options.table},
                                  logger);
  SEMEL_TRY_ASSIGN(const auto columns,
                   PrepareDatabase(database, options.create_table, signals.token(), logger));
  if (columns.empty()) return {};  // told to stop
  SEMEL_TRY_ASSIGN(auto encoder, postgres::RowEncoder::Open(columns, options.from, options.key));
  SEMEL_TRY_ASSIGN(const auto letters, OpenLetters(options, topics, logger));
  kafka::RdkafkaClient client({.settings = options.kafka,
                               .group = options.group,
                               .input_topic = options.from,
                               .instance = options.instance,
                               .transactional_id = {},
                               .producer_topics = {}},
                              logger);
  const SystemClock clock;
  const sink::LaneSettings settings{.from = options.from,
                                    .table = options.table.Quoted(),
                                    .partitions = topics.input_partitions,
                                    .commit_interval = options.commit_interval,
                                    .on_invalid = options.on_invalid,
                                    .start = options.start,
                                    .until_end = options.until_end};
  logger.Info("started",
              {{"table", settings.table}, {"partitions", std::to_string(settings.partitions)}});
  sink::Lane lane({client, database, letters.get(), settings, board, clock, logger},
                  std::move(encoder));
  auto done = lane.Run(signals.token());
  signals.RequestStop();  // from here on the end must not hang
  if (!done) signals.SetExitCode(ExitCode(done.error()));
  return done;
}

}  // namespace semel
