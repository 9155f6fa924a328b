#include "producer.h"

#include <algorithm>
#include <chrono>

#include "token.h"

namespace semel::simulation {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetry{100};
constexpr milliseconds kAbortWithin{1000};

bool IsTransactional(std::string_view api) { return api != "Produce"; }

}  // namespace

Producer::Producer(const ClientParts& parts, std::string transactional_id)
    : parts_(parts),
      id_(std::move(transactional_id)),
      timers_(parts),
      channels_(parts, parts.options.name),
      coordinator_(
          std::make_shared<Channel>(parts.cluster.network(), parts.process, parts.options.name)),
      group_(std::make_shared<Channel>(parts.cluster.network(), parts.process, parts.options.name)),
      changed_(parts.scheduler()),
      request_timeout_(std::min(parts.options.socket_timeout, parts.options.transaction_timeout)) {
  for (const auto& channel : {coordinator_, group_}) {
    channel->when_sent = [this](std::string_view api) { unanswered_ += IsTransactional(api); };
    channel->when_answered = [this](std::string_view api) { unanswered_ -= IsTransactional(api); };
  }
}

// As RdkafkaProducer does it, and why: see there.
Producer::~Producer() {
  const Shield shield(parts_.scheduler());
  if (in_transaction_ && parts_.process.alive()) AbortAtEnd();
}

void Producer::AbortAtEnd() {
  if (fatal_ != kNoError || !announced_ || !producer_) return;
  const Time deadline = parts_.Now() + kAbortWithin;
  for (auto& [where, queue] : queues_) queue.waiting.clear();
  const auto under_way = [this] {
    return registering_ || std::any_of(queues_.begin(), queues_.end(), [](const auto& entry) {
             return entry.second.sent.has_value();
           });
  };
  while (under_way() && parts_.scheduler().WaitUntil(changed_, deadline, "what is under way")) {
  }
  if (parts_.Now() >= deadline) return;
  static_cast<void>(AskCoordinator(
      "EndTxn", deadline, [id = id_, producer = *producer_](TransactionCoordinator& coordinator) {
        return coordinator.End(id, producer, false);
      }));
}

// --- errors --------------------------------------------------------------------------------------

std::string Producer::Doing(const char* what) const {
  return std::string(what) + " with transactional id " + id_;
}

Error Producer::Failed(ErrorCode error, const std::string& what, Action action) {
  failed_ = true;
  Error described = kafka::ToError(error, {what, {}});
  described.action = action;
  return described;
}

Error Producer::Over(ErrorCode error, const std::string& what) {
  const Action action = kafka::ActionOf(error);
  return Failed(error, what,
                action == Action::kRetry || action == Action::kStop ? Action::kAbort : action);
}

std::optional<Error> Producer::Standing(const std::string& what) {
  if (fatal_ != kNoError) return Over(fatal_, what);
  if (abortable_ != kNoError) return Over(abortable_, what);
  return std::nullopt;
}

// librdkafka gives up what is queued, and so do we.
void Producer::SetAbortable(ErrorCode error) {
  failed_ = true;
  if (abortable_ == kNoError) abortable_ = error;
  const bool queued = std::any_of(queues_.begin(), queues_.end(),
                                  [](const auto& entry) { return !entry.second.waiting.empty(); });
  if (queued) DeliveryFailed(RD_KAFKA_RESP_ERR__PURGE_QUEUE);
  changed_.Notify();
}

void Producer::SetFatal(ErrorCode error) {
  if (fatal_ == kNoError) fatal_ = error;
  SetAbortable(error);
}

void Producer::DeliveryFailed(ErrorCode error) {
  failed_ = true;
  if (delivery_error_ == kNoError || kafka::ActionOf(error) == Action::kRejectRecord)
    delivery_error_ = error;
  changed_.Notify();
}

// --- the producer id -----------------------------------------------------------------------------

Channel& Producer::ToTransactions(BrokerId broker) {
  coordinator_->SetBroker(broker);
  return *coordinator_;
}

Result<void> Producer::Init(kafka::Milliseconds timeout) {
  const Time deadline = parts_.Now() + timeout;
  if (!requesting_ && !producer_) RequestProducerId();
  while (!producer_) {
    if (parts_.scheduler().WaitUntil(changed_, deadline, "InitProducerId")) continue;
    return kafka::ToError(RD_KAFKA_RESP_ERR__TIMED_OUT, {Doing("initialise transactions"), {}});
  }
  return {};
}

/// Goes on in the background until there is one.
void Producer::RequestProducerId() {
  requesting_ = true;
  const BrokerId broker = parts_.cluster.TransactionCoordinatorOf(id_);
  const auto again = [this] { timers_.After(kRetry, [this] { RequestProducerId(); }); };
  if (broker == kNoBroker) return again();
  using Answer = TransactionCoordinator::Initialised;
  Ask<Answer>(
      ToTransactions(broker), "InitProducerId", request_timeout_,
      [cluster = &parts_.cluster, id = id_, timeout = parts_.options.transaction_timeout](
          BrokerId at, const auto& reply) {
        Answer answer;
        if (auto* coordinator = cluster->TransactionsAt(at, id, answer.error))
          answer = coordinator->Init(id, timeout);
        reply(answer);
      },
      [this, again](const Answer& answer) {
        if (answer.error != kNoError) return again();
        requesting_ = false;
        producer_ = answer.producer;
        changed_.Notify();
      });
}

// --- the transaction -----------------------------------------------------------------------------

Result<void> Producer::Begin() {
  delivered_.clear();
  delivery_error_ = kNoError;
  const std::string what = Doing("begin a transaction");
  if (auto standing = Standing(what)) return *standing;
  if (!producer_ || in_transaction_) return Over(RD_KAFKA_RESP_ERR__STATE, what);
  in_transaction_ = true;
  announced_ = false;
  for (auto& [where, queue] : queues_) queue.registered = Queue::Registered::kNo;
  return {};
}

Result<void> Producer::Produce(const kafka::OutgoingRecord& record) {
  const auto& topics = parts_.options.producer_topics;
  if (record.topic < 0 || static_cast<std::size_t>(record.topic) >= topics.size())
    return Failed(RD_KAFKA_RESP_ERR__INVALID_ARG, "produce", Action::kFail);
  const TopicPartition where{topics[static_cast<std::size_t>(record.topic)], record.partition};
  const std::string what = "write to " + where.first;
  if (delivery_error_ != kNoError) return Over(delivery_error_, what);
  if (auto standing = Standing(what)) return *standing;
  if (!in_transaction_) return Over(RD_KAFKA_RESP_ERR__STATE, what);
  if (record.partition >= parts_.cluster.PartitionsOf(where.first))
    return Over(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, what);
  Queue& queue = queues_[where];
  std::vector<StoredHeader> headers;
  for (const Header& header : record.headers)
    headers.push_back({std::string(header.name),
                       header.value ? std::optional(std::string(*header.value)) : std::nullopt});
  const std::int64_t wall = parts_.scheduler().WallMs() + parts_.process.clock_error.count();
  queue.waiting.push_back({record, std::move(headers),
                           record.timestamp_ms > 0 ? record.timestamp_ms : wall, parts_.Now()});
  queue.waiting.back().record.headers = {};
  queue.bytes += (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
  ++outstanding_;
  if (queue.registered == Queue::Registered::kNo) RegisterLater(milliseconds(1));
  SendIfDue(where, queue, false);
  return {};
}

void Producer::RegisterLater(Duration wait) {
  if (std::exchange(registering_, true)) return;
  timers_.After(wait, [this] { Register(); });
}

void Producer::Register() {
  std::vector<TopicPartition> asked;
  std::vector<TxnTarget> targets;
  for (auto& [where, queue] : queues_) {
    if (queue.waiting.empty() || queue.registered != Queue::Registered::kNo) continue;
    queue.registered = Queue::Registered::kAsked;
    asked.push_back(where);
    targets.push_back({where.first, where.second});
  }
  registering_ = !asked.empty();
  if (!registering_) return changed_.Notify();
  const BrokerId broker = parts_.cluster.TransactionCoordinatorOf(id_);
  if (broker == kNoBroker) return Registered(RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE, asked);
  announced_ = true;
  Ask<Done>(
      ToTransactions(broker), "AddPartitionsToTxn", request_timeout_,
      [cluster = &parts_.cluster, id = id_, producer = *producer_, targets](BrokerId at,
                                                                            const auto& reply) {
        Done done;
        if (auto* coordinator = cluster->TransactionsAt(at, id, done.error))
          done.error = coordinator->Add(id, producer, targets, cluster->scheduler().Now());
        reply(done);
      },
      [this, asked](const Done& done) { Registered(done.error, asked); });
}

void Producer::Registered(ErrorCode error, const std::vector<TopicPartition>& asked) {
  registering_ = false;
  for (const TopicPartition& where : asked) {
    queues_[where].registered =
        error == kNoError ? Queue::Registered::kYes : Queue::Registered::kNo;
  }
  if (error == kNoError) {
    SendAll(flushing_);
    RegisterLater(milliseconds(1));
  } else if (Passes(error)) {
    const bool soon = error == RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS;
    RegisterLater(soon ? milliseconds(20) : milliseconds(500));
  } else if (error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH) {
    SetFatal(RD_KAFKA_RESP_ERR__FENCED);
  } else if (error == RD_KAFKA_RESP_ERR_INVALID_TXN_STATE) {
    SetFatal(error);
  } else {
    SetAbortable(error);
  }
  changed_.Notify();
}

// --- records -------------------------------------------------------------------------------------

void Producer::SendAll(bool all) {
  for (auto& [where, queue] : queues_) SendIfDue(where, queue, all);
}

/// A batch goes when it is full, when it is flushed, or after a second.
void Producer::SendIfDue(const TopicPartition& where, Queue& queue, bool flushing) {
  constexpr std::chrono::seconds kLinger{1};
  if (queue.sent || queue.waiting.empty() || failed_) return;
  if (queue.registered != Queue::Registered::kYes) return;
  const bool due = flushing || queue.bytes >= parts_.options.batch_bytes ||
                   parts_.Now() - queue.waiting.front().since >= kLinger;
  if (!due) {
    if (std::exchange(linger_set_, true)) return;
    return timers_.After(kLinger, [this] {
      linger_set_ = false;
      SendAll(flushing_);
    });
  }
  const auto owned = [](const Bytes& bytes) {
    return bytes ? std::optional(std::string(*bytes)) : std::nullopt;
  };
  Sent sent{.batch = {.producer = *producer_,
                      .first_sequence = queue.next_sequence,
                      .transactional = true},
            .since = queue.waiting.front().since};
  std::size_t bytes = 0;
  while (!queue.waiting.empty() && bytes < parts_.options.batch_bytes) {
    Queued& next = queue.waiting.front();
    // Read from the caller's memory now, as librdkafka does.
    StoredRecord record{.time_ms = next.time_ms,
                        .key = owned(next.record.key),
                        .value = owned(next.record.value),
                        .headers = std::move(next.headers)};
    bytes += (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
    sent.tags.push_back(next.record.tag);
    sent.batch.records.push_back(std::move(record));
    queue.waiting.pop_front();
  }
  queue.bytes -= bytes;
  queue.next_sequence += static_cast<std::int32_t>(sent.tags.size());
  queue.sent = std::move(sent);
  SendBatch(where, queue);
}

void Producer::SendBatch(const TopicPartition& where, Queue& queue) {
  const BrokerId broker = parts_.cluster.LeaderOf(where);
  if (broker == kNoBroker)
    return Answered(where, {.error = RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE});
  ProduceRequest request{where.first, where.second, id_, queue.sent->batch};
  Ask<Produced>(
      channels_.To(broker), "Produce", request_timeout_,
      [cluster = &parts_.cluster, request = std::move(request)](BrokerId at, auto reply) {
        cluster->Produce(at, request, std::move(reply));
      },
      [this, where](const Produced& produced) { Answered(where, produced); });
}

void Producer::Answered(const TopicPartition& where, const Produced& produced) {
  Queue& queue = queues_[where];
  const Time expires = queue.sent->since + parts_.options.transaction_timeout;
  if (Passes(produced.error) && parts_.Now() < expires) {
    timers_.After(kRetry, [this, where] { SendBatch(where, queues_[where]); });
    return;
  }
  const Sent sent = *std::exchange(queue.sent, std::nullopt);
  outstanding_ -= sent.tags.size();
  if (Passes(produced.error)) {
    DeliveryFailed(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
    SetAbortable(RD_KAFKA_RESP_ERR__MSG_TIMED_OUT);
  } else if (produced.error == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH) {
    DeliveryFailed(produced.error);
    SetFatal(RD_KAFKA_RESP_ERR__FENCED);
  } else if (produced.error != kNoError) {
    DeliveryFailed(produced.error);
    SetAbortable(produced.error);
  }
  for (std::size_t i = 0; i < sent.tags.size() && produced.error == kNoError; ++i) {
    if (sent.tags[i] == 0) continue;
    const std::int64_t time =
        produced.append_time_ms >= 0 ? produced.append_time_ms : sent.batch.records[i].time_ms;
    delivered_.push_back({sent.tags[i], produced.first + static_cast<kafka::Offset>(i), time});
  }
  SendIfDue(where, queue, flushing_);
  changed_.Notify();
}

Result<std::vector<kafka::Delivered>> Producer::Flush(kafka::Milliseconds timeout) {
  const Time deadline = parts_.Now() + timeout;
  flushing_ = true;
  SendAll(true);
  while (outstanding_ > 0 && delivery_error_ == kNoError) {
    if (!parts_.scheduler().WaitUntil(changed_, deadline, "Flush")) break;
  }
  flushing_ = false;
  if (delivery_error_ != kNoError) return Over(delivery_error_, Doing("write"));
  if (outstanding_ > 0)
    return Failed(RD_KAFKA_RESP_ERR__TIMED_OUT, Doing("write all records"), Action::kAbort);
  return std::move(delivered_);
}

}  // namespace semel::simulation
