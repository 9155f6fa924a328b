#include "semel/unique_consumer.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "client/function_logger.h"
#include "kafka/rdkafka_client.h"
#include "kafka/rdkafka_producer.h"
#include "pipeline/record_router.h"
#include "pipeline/restorer.h"
#include "pipeline/transactional_input.h"
#include "wiring/job_topics.h"
#include "wiring/lane_setup.h"

namespace semel {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSlice{100};  // how often a wait looks for Stop
constexpr milliseconds kRestoringSlice{20};
constexpr milliseconds kLeaveTimeout{5000};
constexpr milliseconds kCommitIntervalMax{1500};
constexpr std::size_t kPollRecords = 1000;

PolicyChoice Choice(Unjudged unjudged) {
  switch (unjudged) {
    case Unjudged::kHandOut:
      return {pipeline::Policy::Kind::kPass};
    case Unjudged::kDrop:
      return {pipeline::Policy::Kind::kDrop};
    case Unjudged::kFail:
      break;
  }
  return {pipeline::Policy::Kind::kFail};
}

// The same as `semel dedup` is told, without an output.
Result<DedupOptions> JobOptions(const UniqueConsumerOptions& options) {
  if (options.topic.empty()) return Error{Action::kFix, "topic: none is given"};
  if (options.group.empty()) return Error{Action::kFix, "group: none is given"};
  if (options.commit_interval < milliseconds{1} || options.commit_interval > kCommitIntervalMax)
    return Error{Action::kFix, "commit_interval: 1 to 1500 ms"};
  if (options.commit_messages == 0) return Error{Action::kFix, "commit_messages: at least 1"};
  DedupOptions job;
  job.changelog = options.changelog.empty() ? options.group + ".seen" : options.changelog;
  for (const std::string& output : options.outputs)
    if (output == options.topic || output == job.changelog)
      return Error{Action::kFix, "outputs: " + output + " is the topic or its changelog"};
  SEMEL_TRY_ASSIGN(job.kafka, kafka::SettingsOfProgram(options.brokers, options.properties,
                                                       kafka::PropertyRules::kPromise));
  job.from = options.topic;
  job.group = options.group;
  job.key = options.key;
  job.window = options.window;
  job.commit_interval = options.commit_interval;
  job.instance = options.instance;
  job.start.kind = options.from_beginning ? pipeline::StartPoint::Kind::kEarliest
                                          : pipeline::StartPoint::Kind::kLatest;
  job.policies.missing = Choice(options.on_missing);
  job.policies.invalid = Choice(options.on_invalid);
  job.policies.late = Choice(options.on_late);
  job.create_topics = options.create_changelog;
  job.memory_limit = options.memory_limit;
  return job;
}

Error Again(const Error& why) {
  return {Action::kAbort, why.message + ". The messages since the last commit come again"};
}

/// What the router lets through is what is handed out.
class HandOut final : public kafka::RecordSink {
 public:
  Result<void> Produce(const kafka::OutgoingRecord& /*record*/) override {
    taken_ = true;
    return {};
  }
  bool Take() { return std::exchange(taken_, false); }

 private:
  bool taken_ = false;
};

}  // namespace

struct UniqueConsumer::Impl final : pipeline::InputTaker {
  Impl(UniqueConsumerOptions given, const DedupOptions& job, const JobTopics& topics,
       const InstanceName& instance, Fingerprinter fingerprinter);

  Result<void> Start();
  Result<std::optional<Message>> Poll(milliseconds timeout);
  Result<void> Fetch(milliseconds timeout);
  Result<std::optional<Message>> NextHeld();
  Result<std::optional<Message>> Judge(const Record& record);
  bool Due();
  Result<void> Commit();
  Result<void> Send(const OutgoingMessage& message);
  Error Ended(const Error& why);

  void Committed(pipeline::Transaction& transaction) override;
  void RolledBack() override;
  Result<void> Refused(const Error& why, std::size_t records,
                       std::pair<kafka::Partition, kafka::Offset> first) override;
  bool MayCommit() const override;
  void GivenAway(kafka::Partition partition) override;

  const UniqueConsumerOptions options;
  FunctionLogger logger;
  SystemClock clock;
  const pipeline::LaneSettings settings;
  pipeline::MemoryBudget budget;
  pipeline::RestoreQueue restores;
  kafka::RdkafkaClient client;
  metrics::LaneSnapshot counters;
  pipeline::TransactionalInput input;
  pipeline::RecordRouter router;
  HandOut hand_out;
  std::unique_ptr<pipeline::Restorer> restorer;
  std::jthread restoring;

  // What was read and is not handed out.
  std::shared_ptr<const kafka::Batch> held;
  std::size_t next_held = 0;
  std::vector<kafka::EndOfPartition> ends;
  std::vector<kafka::Partition> gone;  // of whose held records nothing is handed out

  std::size_t handed_out = 0;  // since the last commit
  bool sent = false;           // something of the program's own, since then
  kafka::Partition last_partition = 0;
  bool rolled_back = false;
  UniqueCounts counts;
  Result<void> status;
  std::atomic<bool> stopped{false};
};

UniqueConsumer::Impl::Impl(UniqueConsumerOptions given, const DedupOptions& job,
                           const JobTopics& topics, const InstanceName& instance,
                           Fingerprinter fingerprinter)
    : options(std::move(given)),
      logger(options.log),
      settings(SettingsOf(job, topics)),
      budget(options.memory_limit),
      client(ClientOf(job, settings, instance, 0, BatchBytes(topics)), logger),
      input({client, settings, job.group + "-" + instance.name + "-0", budget, restores, clock,
             logger, counters},
            *this),
      router(settings, std::move(fingerprinter), logger) {}

Result<void> UniqueConsumer::Impl::Start() {
  SEMEL_TRY_ASSIGN(restorer,
                   pipeline::Restorer::Open({client, settings, budget, restores, clock, logger}));
  restoring = std::jthread([this](const std::stop_token& end) { restorer->Run(end); });
  return input.Join();
}

// --- messages ---------------------------------------------------------------------------------

Result<std::optional<Message>> UniqueConsumer::Impl::Poll(milliseconds timeout) {
  const auto deadline = clock.Now() + timeout;
  for (bool first = true;; first = false) {
    if (Due()) SEMEL_TRY(input.Finish());
    if (stopped) return std::optional<Message>();
    SEMEL_TRY_ASSIGN(std::optional<Message> message, NextHeld());
    if (message) return message;
    const auto left = std::chrono::ceil<milliseconds>(deadline - clock.Now());
    if (left <= left.zero() && !first) return std::optional<Message>();
    SEMEL_TRY(Fetch(std::clamp(left, left.zero(), kSlice)));
  }
}

Result<void> UniqueConsumer::Impl::Fetch(milliseconds timeout) {
  // Behind the last record only: they pass over what is never delivered.
  SEMEL_TRY(input.TakeEnds(std::exchange(ends, {})));
  if (input.partitions().restoring()) timeout = std::min(timeout, kRestoringSlice);
  if (const auto* open = input.transaction(); open != nullptr && MayCommit()) {
    const auto due = std::chrono::ceil<milliseconds>(open->due() - clock.Now());
    timeout = std::clamp(due, due.zero(), timeout);
  }
  SEMEL_TRY_ASSIGN(kafka::Polled polled, input.Poll(timeout, kPollRecords));
  held = std::move(polled.batch);
  next_held = 0;
  ends = std::move(polled.ends);
  gone.clear();
  if (polled.rebalance) SEMEL_TRY(input.Rebalanced(*polled.rebalance));
  if (input.transaction() != nullptr) input.producer().Serve();
  input.partitions().DropParked();
  if (budget.Exceeded()) return budget.Full();
  return {};
}

Result<std::optional<Message>> UniqueConsumer::Impl::NextHeld() {
  while (held != nullptr && next_held < held->records().size()) {
    const Record& record = held->records()[next_held++];
    SEMEL_TRY_ASSIGN(std::optional<Message> message, Judge(record));
    if (message) return message;
  }
  return std::optional<Message>();
}

/// One at a time: a commit must hold no more than what the program was handed.
Result<std::optional<Message>> UniqueConsumer::Impl::Judge(const Record& record) {
  auto& served = input.partitions().served();
  const auto found = served.find(record.partition);
  if (found == served.end() || record.offset < found->second.next ||
      std::ranges::find(gone, record.partition) != gone.end())
    return std::optional<Message>();
  SEMEL_TRY_ASSIGN(pipeline::PartitionWork * work, input.OpenWork(found->second));
  SEMEL_TRY(router.Route({&record, 1}, {}, clock.WallMs(), *work->stage, hand_out, work->tally));
  found->second.next = work->next = record.offset + 1;
  if (!hand_out.Take()) return std::optional<Message>();
  ++handed_out;
  last_partition = record.partition;
  return std::optional<Message>(Message{.topic = settings.from,
                                        .partition = record.partition,
                                        .offset = record.offset,
                                        .timestamp_ms = record.timestamp_ms,
                                        .key = record.key,
                                        .value = record.value,
                                        .headers = record.headers,
                                        .memory = held});
}

// --- transactions -----------------------------------------------------------------------------

/// By hand or not, a transaction that holds nothing of the program's is ours to commit.
bool UniqueConsumer::Impl::MayCommit() const {
  return options.auto_commit || (handed_out == 0 && !sent);
}

bool UniqueConsumer::Impl::Due() {
  const auto* open = input.transaction();
  return open != nullptr && MayCommit() &&
         (stopped || handed_out >= options.commit_messages || clock.Now() >= open->due());
}

Result<void> UniqueConsumer::Impl::Commit() {
  if (input.transaction() == nullptr) return {};
  rolled_back = false;
  if (const auto finished = input.Finish(); !finished) return Ended(finished.error());
  if (rolled_back) return Again({Action::kAbort, "the transaction was rolled back"});
  return {};
}

Result<void> UniqueConsumer::Impl::Send(const OutgoingMessage& message) {
  const auto found = std::ranges::find(options.outputs, message.topic);
  if (found == options.outputs.end())
    return Error{Action::kFix,
                 "topic " + std::string(message.topic) + " is not one of the outputs"};
  const auto topic = std::ranges::find(settings.topics, message.topic, &pipeline::TopicRef::name);
  const auto opened = input.Open();
  if (!opened) return Ended(opened.error());
  pipeline::Transaction* const open = *opened;
  const auto keep = [open](Bytes bytes) {
    return bytes ? Bytes(open->Keep(std::string(*bytes))) : bytes;
  };
  kafka::OutgoingRecord record{
      .topic = static_cast<kafka::TopicIndex>(topic - settings.topics.begin()),
      .partition = message.partition,
      .key = keep(message.key),
      .value = keep(message.value),
      .headers = message.headers,
      .timestamp_ms = message.timestamp_ms};
  if (record.partition < 0)
    record.partition = message.key ? kafka::PartitionOfKey(*message.key, topic->partitions)
                                   : last_partition % topic->partitions;
  sent = true;
  const auto produced = input.producer().Produce(record);
  if (produced) return {};
  if (!pipeline::Passing(produced.error().action)) return Ended(produced.error());
  if (const auto back = input.RollBack(produced.error()); !back) return Ended(back.error());
  return Again(produced.error());
}

void UniqueConsumer::Impl::Committed(pipeline::Transaction& transaction) {
  for (const auto& [partition, work] : transaction.works()) {
    counts.read += work.tally.read;
    counts.unique += work.tally.unique;
    counts.duplicates += work.tally.duplicates;
    counts.missing += work.tally.missing;
    counts.invalid += work.tally.invalid;
    counts.late += work.tally.late;
  }
  handed_out = 0;
  sent = false;
}

void UniqueConsumer::Impl::RolledBack() {
  rolled_back = true;
  handed_out = 0;
  sent = false;
  held.reset();
  ends.clear();
}

Result<void> UniqueConsumer::Impl::Refused(const Error& why, std::size_t /*records*/,
                                           std::pair<kafka::Partition, kafka::Offset> /*first*/) {
  return Error{Action::kStop, "the brokers refuse a message of the transaction: " + why.message};
}

void UniqueConsumer::Impl::GivenAway(kafka::Partition partition) { gone.push_back(partition); }

/// Of an error that there is no going on after.
Error UniqueConsumer::Impl::Ended(const Error& why) {
  if (status) status = why;
  return why;
}

// --- the public face --------------------------------------------------------------------------

UniqueConsumer::UniqueConsumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<UniqueConsumer>> UniqueConsumer::Open(UniqueConsumerOptions options) {
  SEMEL_TRY_ASSIGN(const DedupOptions job, JobOptions(options));
  FunctionLogger logger(options.log);
  SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(options.key));
  SEMEL_TRY_ASSIGN(const InstanceName instance, TakeInstanceName(options.instance, ""));
  SEMEL_TRY_ASSIGN(const JobTopics topics, PrepareTopics(job, logger, options.outputs));
  auto impl =
      std::make_unique<Impl>(std::move(options), job, topics, instance, std::move(fingerprinter));
  SEMEL_TRY(impl->Start());
  return std::unique_ptr<UniqueConsumer>(new UniqueConsumer(std::move(impl)));
}

UniqueConsumer::~UniqueConsumer() { impl_->input.Leave(kLeaveTimeout); }

Result<std::optional<Message>> UniqueConsumer::Poll(milliseconds timeout) {
  if (!impl_->status) return impl_->status.error();
  auto message = impl_->Poll(timeout);
  if (!message) return impl_->Ended(message.error());
  return message;
}

Result<void> UniqueConsumer::Commit() {
  SEMEL_TRY(impl_->status);
  return impl_->Commit();
}

Result<void> UniqueConsumer::Send(const OutgoingMessage& message) {
  SEMEL_TRY(impl_->status);
  return impl_->Send(message);
}

void UniqueConsumer::Stop() { impl_->stopped = true; }

Result<void> UniqueConsumer::Close() {
  Result<void> committed = impl_->status ? Commit() : impl_->status;
  impl_->input.Leave(kLeaveTimeout);
  return committed;
}

bool UniqueConsumer::AtEnd() const {
  const bool nothing_held =
      impl_->held == nullptr || impl_->next_held == impl_->held->records().size();
  auto& served = impl_->input.partitions().served();
  return nothing_held && impl_->ends.empty() && !served.empty() &&
         served.size() == impl_->input.partitions().owned().size() &&
         std::ranges::all_of(served, [](const auto& each) {
           return each.second.end && each.second.next >= *each.second.end;
         });
}

Result<void> UniqueConsumer::status() const { return impl_->status; }

UniqueCounts UniqueConsumer::counts() const { return impl_->counts; }

UniqueConsumer::Iterator& UniqueConsumer::Iterator::operator++() {
  message_.reset();
  do {  // after Stop too: what is done is committed then
    if (auto next = consumer_->Poll(kSlice)) message_ = std::move(*next);
  } while (!message_ && consumer_->impl_->status && !consumer_->impl_->stopped);
  return *this;
}

}  // namespace semel
