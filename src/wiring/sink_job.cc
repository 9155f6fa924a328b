#include "wiring/sink_job.h"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/rdkafka_client.h"
#include "sink/lane.h"
#include "sink/postgres_database.h"

namespace semel {
namespace {

constexpr std::chrono::seconds kBetweenTries{1};
constexpr kafka::Milliseconds kAskKafka{15'000};

struct SinkTopics {
  int input_partitions = 0;
  int letter_partitions = 0;
};

Error NoTopic(const std::string& topic, const SinkOptions& options) {
  return {Action::kFix, "there is no topic " + topic + ". This makes it: semel topic create " +
                            topic + " " + kafka::SemelFlags(options.kafka)};
}

Result<SinkTopics> AskTopics(const SinkOptions& options, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(options.kafka, logger));
  SEMEL_TRY_ASSIGN(const auto input, admin->Describe(options.from, kAskKafka));
  if (!input.exists) return NoTopic(options.from, options);
  SinkTopics topics{.input_partitions = input.partitions};
  if (options.on_invalid != sink::OnInvalid::kTopic) return topics;
  SEMEL_TRY_ASSIGN(const auto letters, admin->Describe(options.invalid_topic, kAskKafka));
  if (!letters.exists) return NoTopic(options.invalid_topic, options);
  topics.letter_partitions = letters.partitions;
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
                                      .partitions = topics.letter_partitions},
                                     logger);
}

}  // namespace

Result<void> RunSink(const SinkOptions& options, metrics::SinkBoard& board, StopSignals& signals,
                     Logger& logger) {
  SEMEL_TRY_ASSIGN(const SinkTopics topics, AskTopics(options, logger));
  sink::PostgresDatabase database({.conninfo = options.conninfo,
                                   .group = options.group,
                                   .topic = options.from,
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
