// What UniqueConsumer and TransactionalConsumer share: messages of a topic are handed out one by
// one, and committed in one transaction with what the program sends.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "client/function_logger.h"
#include "kafka/rdkafka_client.h"
#include "kafka/settings.h"
#include "pipeline/restorer.h"
#include "pipeline/transactional_input.h"
#include "semel/log.h"
#include "semel/message.h"
#include "semel/outgoing_message.h"
#include "wiring/dedup_options.h"
#include "wiring/instance_name.h"
#include "wiring/topic_checks.h"

namespace semel {

struct LoopOptions {
  std::vector<std::string> outputs;
  std::size_t commit_messages = 0;
  bool auto_commit = true;
  LogFunction log;
};

/// The settings that the options of both have; each adds its own. The same as `semel dedup` is
/// told, without an output, and without a changelog where there is none. Errors: kFix.
template <typename Options>
Result<DedupOptions> LoopJob(const Options& options) {
  constexpr std::chrono::milliseconds kIntervalMax{1500};
  if (options.topic.empty()) return Error{Action::kFix, "topic: none is given"};
  if (options.group.empty()) return Error{Action::kFix, "group: none is given"};
  if (options.commit_interval.count() < 1 || options.commit_interval > kIntervalMax)
    return Error{Action::kFix, "commit_interval: 1 to 1500 ms"};
  if (options.commit_messages == 0) return Error{Action::kFix, "commit_messages: at least 1"};
  DedupOptions job;
  SEMEL_TRY_ASSIGN(job.kafka, kafka::SettingsOfProgram(options.brokers, options.properties,
                                                       kafka::PropertyRules::kPromise));
  job.from = options.topic;
  job.group = options.group;
  job.instance = options.instance;
  job.commit_interval = options.commit_interval;
  job.start.kind = options.from_beginning ? pipeline::StartPoint::Kind::kEarliest
                                          : pipeline::StartPoint::Kind::kLatest;
  return job;
}

/// Threads: one at a time; Stop may be called from any.
class TransactionalLoop final : pipeline::InputTaker {
 public:
  /// Counts the record in `work`; true when it is handed out. An error ends the loop.
  using Judge = std::function<Result<bool>(const Record&, pipeline::PartitionWork& work)>;

  /// Checks the topics, and makes the missing ones where the job says so. Errors: kFix, kConnect.
  static Result<std::unique_ptr<TransactionalLoop>> Open(const DedupOptions& job,
                                                         LoopOptions options);
  TransactionalLoop(const TransactionalLoop&) = delete;
  TransactionalLoop& operator=(const TransactionalLoop&) = delete;
  ~TransactionalLoop() override;

  /// Joins the group.
  Result<void> Start(Judge judge);

  // As the headers of the two say.
  Result<std::optional<Message>> Poll(std::chrono::milliseconds timeout);
  Result<void> Commit();
  Result<void> Send(const OutgoingMessage& message);
  void Stop() { stopped_ = true; }
  Result<void> Close();
  bool AtEnd();
  const Result<void>& status() const { return status_; }

  /// For a range-for: waits; empty after Stop or an error.
  std::optional<Message> Next();

  /// Of what is committed, all partitions together.
  const metrics::PartitionSnapshot& counts() const { return counts_; }
  const pipeline::LaneSettings& settings() const { return settings_; }
  Logger& logger() { return *logger_; }

 private:
  /// A batch, and what of the loop it needs when messages of it outlive the loop.
  struct Held {
    std::shared_ptr<FunctionLogger> logger;
    std::string topic;
    std::unique_ptr<const kafka::Batch> batch;
  };

  /// What the program holds of messages that are not committed.
  enum class Standing : std::uint8_t {
    kGood,
    kVoid,  ///< they come again; the program was not told
    kTold,
  };

  TransactionalLoop(const DedupOptions& job, LoopOptions options, const JobTopics& topics,
                    const InstanceName& instance);
  Result<std::optional<Message>> Take(std::chrono::milliseconds timeout);
  Result<void> Fetch(std::chrono::milliseconds timeout);
  Result<std::optional<Message>> NextHeld();
  Result<bool> HandsOut(const Record& record);
  bool Due();
  Result<kafka::OutgoingRecord> RecordOf(const OutgoingMessage& message);
  Result<void> TellVoid();
  Error Ended(const Error& why);
  void Forget();

  void Committed(pipeline::Transaction& transaction) override;
  void RolledBack() override;
  void Overtaken() override;
  Result<void> Refused(const Error& why, std::size_t records,
                       std::pair<kafka::Partition, kafka::Offset> first) override;
  bool MayCommit() const override;

  const LoopOptions options_;
  const SharedLogger logger_;
  SystemClock clock_;
  const pipeline::LaneSettings settings_;
  pipeline::MemoryBudget budget_;
  pipeline::RestoreQueue restores_;
  kafka::RdkafkaClient client_;
  metrics::LaneSnapshot counters_;
  pipeline::TransactionalInput input_;
  Judge judge_;
  std::unique_ptr<pipeline::Restorer> restorer_;
  std::jthread restoring_;

  // What was read and is not handed out.
  std::shared_ptr<const Held> held_;
  std::size_t next_held_ = 0;
  std::vector<kafka::EndOfPartition> ends_;

  std::size_t handed_out_ = 0;  // since the last commit; a transaction is open when it is not 0
  Standing standing_ = Standing::kGood;
  kafka::Partition last_partition_ = 0;
  metrics::PartitionSnapshot counts_;
  Result<void> status_;
  std::atomic<bool> stopped_{false};
};

}  // namespace semel
