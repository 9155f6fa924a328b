#include "client/transactional_loop.h"

#include <algorithm>
#include <utility>

#include "client/outgoing.h"
#include "kafka/deadline.h"
#include "kafka/rdkafka_producer.h"
#include "wiring/job_topics.h"
#include "wiring/lane_setup.h"

namespace semel {
namespace {

using std::chrono::milliseconds;

constexpr int kSliceMs = 100;  // how often a wait looks for Stop
constexpr milliseconds kRestoringSlice{20};
constexpr milliseconds kLeaveTimeout{5000};
constexpr std::size_t kPollRecords = 1000;

Error Again() {
  return {Action::kAbort,
          "the transaction was rolled back. The messages since the last commit come again"};
}

}  // namespace

Result<std::unique_ptr<TransactionalLoop>> TransactionalLoop::Open(const DedupOptions& job,
                                                                   LoopOptions options) {
  for (const std::string& output : options.outputs)
    if (output == job.from || output == job.changelog)
      return Error{Action::kFix, "outputs: " + output + " is the topic or its changelog"};
  FunctionLogger logger(options.log);
  SEMEL_TRY_ASSIGN(const InstanceName instance, TakeInstanceName(job.instance, ""));
  SEMEL_TRY_ASSIGN(const JobTopics topics, PrepareTopics(job, logger, options.outputs));
  return std::unique_ptr<TransactionalLoop>(
      new TransactionalLoop(job, std::move(options), topics, instance));
}

TransactionalLoop::TransactionalLoop(const DedupOptions& job, LoopOptions options,
                                     const JobTopics& topics, const InstanceName& instance)
    : options_(std::move(options)),
      logger_(options_.log),
      settings_(SettingsOf(job, topics)),
      budget_(job.memory_limit),
      client_(ClientOf(job, settings_, instance, 0, BatchBytes(topics)), *logger_),
      input_({client_, settings_, job.group + "-" + instance.name + "-0", budget_, restores_,
              clock_, *logger_, counters_},
             *this) {}

TransactionalLoop::~TransactionalLoop() { input_.Leave(kLeaveTimeout); }

Result<void> TransactionalLoop::Start(Judge judge) {
  judge_ = std::move(judge);
  SEMEL_TRY_ASSIGN(restorer_, pipeline::Restorer::Open(
                                  {client_, settings_, budget_, restores_, clock_, *logger_}));
  restoring_ = std::jthread([this](const std::stop_token& end) { restorer_->Run(end); });
  return input_.Join();
}

// --- messages ---------------------------------------------------------------------------------

Result<std::optional<Message>> TransactionalLoop::Poll(milliseconds timeout) {
  SEMEL_TRY(status_);
  auto message = Take(timeout);
  if (!message) return Ended(message.error());
  return message;
}

std::optional<Message> TransactionalLoop::Next() {
  do {  // after Stop too: what is done is committed then
    if (auto message = Poll(milliseconds{kSliceMs}); message && *message)
      return std::move(*message);
  } while (status_ && !stopped_);
  return std::nullopt;
}

Result<std::optional<Message>> TransactionalLoop::Take(milliseconds timeout) {
  const kafka::Deadline deadline(timeout);
  for (bool first = true;; first = false) {
    if (Due()) SEMEL_TRY(input_.Finish());
    if (stopped_) return std::optional<Message>();
    SEMEL_TRY_ASSIGN(std::optional<Message> message, NextHeld());
    if (message) return message;
    if (deadline.passed() && !first) return std::optional<Message>();
    SEMEL_TRY(Fetch(milliseconds{deadline.SliceMs(kSliceMs)}));
  }
}

Result<void> TransactionalLoop::Fetch(milliseconds timeout) {
  // Behind the last record only: they pass over what is never delivered.
  SEMEL_TRY(input_.TakeEnds(std::exchange(ends_, {})));
  if (input_.partitions().restoring()) timeout = std::min(timeout, kRestoringSlice);
  if (const auto* open = input_.transaction(); open != nullptr && MayCommit()) {
    const auto due = std::chrono::ceil<milliseconds>(open->due() - clock_.Now());
    timeout = std::clamp(due, due.zero(), timeout);
  }
  SEMEL_TRY_ASSIGN(kafka::Polled polled, input_.Poll(timeout, kPollRecords));
  held_ = std::make_shared<Held>(Held{logger_.share(), settings_.from, std::move(polled.batch)});
  next_held_ = 0;
  ends_ = std::move(polled.ends);
  if (polled.rebalance) SEMEL_TRY(input_.Rebalanced(*polled.rebalance));
  if (input_.transaction() != nullptr) input_.producer().Serve();
  input_.partitions().DropParked();
  if (budget_.Exceeded()) return budget_.Full();
  return {};
}

Result<std::optional<Message>> TransactionalLoop::NextHeld() {
  while (held_ != nullptr && next_held_ < held_->batch->records().size()) {
    const Record& record = held_->batch->records()[next_held_++];
    SEMEL_TRY_ASSIGN(const bool handed_out, HandsOut(record));
    if (!handed_out) continue;
    return std::optional<Message>(Message{.topic = held_->topic,
                                          .partition = record.partition,
                                          .offset = record.offset,
                                          .timestamp_ms = record.timestamp_ms,
                                          .key = record.key,
                                          .value = record.value,
                                          .headers = record.headers,
                                          .memory = held_});
  }
  return std::optional<Message>();
}

/// One at a time: a commit must hold no more than what the program was handed. A partition that was
/// given away is not served again before the next batch, so nothing old of it is handed out.
Result<bool> TransactionalLoop::HandsOut(const Record& record) {
  auto& served = input_.partitions().served();
  const auto found = served.find(record.partition);
  if (found == served.end() || record.offset < found->second.next) return false;
  SEMEL_TRY_ASSIGN(pipeline::PartitionWork * work, input_.OpenWork(found->second));
  SEMEL_TRY_ASSIGN(const bool handed_out, judge_(record, *work));
  found->second.next = work->next = record.offset + 1;
  if (!handed_out) return false;
  ++handed_out_;
  last_partition_ = record.partition;
  // By hand, the program may hold messages from before a roll-back until it is told.
  if (options_.auto_commit || standing_ == Standing::kTold) standing_ = Standing::kGood;
  return true;
}

bool TransactionalLoop::AtEnd() {
  const bool nothing_held = held_ == nullptr || next_held_ == held_->batch->records().size();
  auto& served = input_.partitions().served();
  return nothing_held && ends_.empty() && !served.empty() &&
         served.size() == input_.partitions().owned().size() &&
         std::ranges::all_of(served, [](const auto& each) {
           return each.second.end && each.second.next >= *each.second.end;
         });
}

// --- transactions -----------------------------------------------------------------------------

/// By hand or not, a transaction that holds nothing of the program's is ours to commit.
bool TransactionalLoop::MayCommit() const { return options_.auto_commit || handed_out_ == 0; }

bool TransactionalLoop::Due() {
  const auto* open = input_.transaction();
  return open != nullptr && MayCommit() &&
         (stopped_ || handed_out_ >= options_.commit_messages || clock_.Now() >= open->due());
}

Result<void> TransactionalLoop::Commit() {
  SEMEL_TRY(status_);
  if (standing_ != Standing::kVoid && input_.transaction() != nullptr)
    if (const auto finished = input_.Finish(); !finished) return Ended(finished.error());
  if (standing_ == Standing::kVoid) return TellVoid();
  return {};
}

Result<void> TransactionalLoop::Send(const OutgoingMessage& message) {
  SEMEL_TRY(status_);
  SEMEL_TRY_ASSIGN(const kafka::OutgoingRecord record, RecordOf(message));
  if (standing_ == Standing::kVoid) return TellVoid();
  // Alone it would be committed without the message that it belongs to, which comes again.
  if (standing_ == Standing::kTold) return Again();
  if (handed_out_ == 0)
    return Error{Action::kFix,
                 "Send goes with messages that were handed out: there are none since the last "
                 "commit"};
  pipeline::Transaction& open = *input_.transaction();
  const auto keep = [&open](Bytes bytes) {
    return bytes ? Bytes(open.Keep(std::string(*bytes))) : bytes;
  };
  kafka::OutgoingRecord kept = record;
  kept.key = keep(record.key);
  kept.value = keep(record.value);
  const auto produced = input_.producer().Produce(kept);
  if (produced) return {};
  if (!pipeline::Passing(produced.error().action)) return Ended(produced.error());
  if (const auto back = input_.RollBack(produced.error()); !back) return Ended(back.error());
  return TellVoid();
}

Result<kafka::OutgoingRecord> TransactionalLoop::RecordOf(const OutgoingMessage& message) {
  SEMEL_TRY(Check(message));
  if (std::ranges::find(options_.outputs, message.topic) == options_.outputs.end())
    return Error{Action::kFix,
                 "topic " + std::string(message.topic) + " is not one of the outputs"};
  const auto topic = std::ranges::find(settings_.topics, message.topic, &pipeline::TopicRef::name);
  kafka::OutgoingRecord record{
      .topic = static_cast<kafka::TopicIndex>(topic - settings_.topics.begin()),
      .partition = message.partition,
      .key = message.key,
      .value = message.value,
      .headers = message.headers,
      .timestamp_ms = message.timestamp_ms};
  if (record.partition < 0)
    record.partition = message.key ? kafka::PartitionOfKey(*message.key, topic->partitions)
                                   : last_partition_ % topic->partitions;
  return record;
}

/// What was handed out since the roll-back comes again too: the program does not know which of the
/// messages that it holds were before it.
Result<void> TransactionalLoop::TellVoid() {
  if (handed_out_ > 0) {
    const auto back =
        input_.RollBack({Action::kAbort, "the program holds messages of a transaction before it"});
    if (!back) return Ended(back.error());
  }
  standing_ = Standing::kTold;
  return Again();
}

void TransactionalLoop::Committed(pipeline::Transaction& transaction) {
  for (const auto& [partition, work] : transaction.works())
    metrics::AddCounters(counts_, work.tally);
  handed_out_ = 0;
}

void TransactionalLoop::RolledBack() {
  Forget();
  held_.reset();
  ends_.clear();
}

void TransactionalLoop::Overtaken() { Forget(); }

/// What was handed out since the last commit.
void TransactionalLoop::Forget() {
  if (handed_out_ > 0) standing_ = Standing::kVoid;
  handed_out_ = 0;
}

Result<void> TransactionalLoop::Refused(const Error& why, std::size_t /*records*/,
                                        std::pair<kafka::Partition, kafka::Offset> /*first*/) {
  return Error{Action::kStop, "the brokers refuse a message of the transaction: " + why.message};
}

Result<void> TransactionalLoop::Close() {
  Result<void> committed = Commit();
  input_.Leave(kLeaveTimeout);
  return committed;
}

/// Of an error that there is no going on after.
Error TransactionalLoop::Ended(const Error& why) {
  if (status_) status_ = why;
  return why;
}

}  // namespace semel
