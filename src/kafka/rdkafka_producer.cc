#include "kafka/rdkafka_producer.h"

#include <cstdlib>
#include <cstring>

#include "kafka/client_conf.h"
#include "kafka/rdkafka_batch.h"

namespace semel::kafka {
namespace {

constexpr int kServeMs = 10;   // how long one wait for delivery reports takes at most
constexpr int kSliceMs = 20;   // how often a long wait looks for an early failure
constexpr int kStallMs = 200;  // without a report, after which a flush waits for nothing
constexpr int kEndWithinMs = 1500;
constexpr int kAbortWithinMs = 1000;

// librdkafka frees the metadata with free().
void SetMetadata(rd_kafka_topic_partition_t& entry, const std::string& metadata) {
  if (metadata.empty()) return;
  entry.metadata = std::malloc(metadata.size());
  if (entry.metadata == nullptr) std::abort();
  std::memcpy(entry.metadata, metadata.data(), metadata.size());
  entry.metadata_size = metadata.size();
}

PartitionListPtr ToList(const std::string& topic,
                        const std::map<Partition, CommittedOffset>& offsets) {
  PartitionListPtr list = NewPartitionList(offsets.size());
  for (const auto& [partition, committed] : offsets) {
    rd_kafka_topic_partition_t* entry =
        rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
    entry->offset = committed.offset;
    SetMetadata(*entry, committed.metadata);
  }
  return list;
}

}  // namespace

Result<std::unique_ptr<RdkafkaProducer>> RdkafkaProducer::Open(const ClientSettings& settings,
                                                               ProducerOptions options,
                                                               Logger& logger) {
  SEMEL_TRY_ASSIGN(ConfPtr conf,
                   ProducerConf(settings, options.transactional_id, options.batch_bytes));
  std::unique_ptr<RdkafkaProducer> producer(new RdkafkaProducer(std::move(options)));
  if (!AddRequestListener(conf.get(), producer->unanswered_.get()))
    return Error{Action::kFail, "librdkafka takes no interceptor"};
  SEMEL_TRY_ASSIGN(producer->instance_,
                   Instance::Open(RD_KAFKA_PRODUCER, std::move(conf),
                                  {.name = "producer " + producer->options_.transactional_id,
                                   .principal = Principal(settings),
                                   .callbacks = producer.get(),
                                   .keep = producer->unanswered_,
                                   .credentials = settings.credentials},
                                  logger));
  producer->queue_.emplace(producer->instance_->get(), producer->options_.batch_bytes);
  for (const std::string& topic : producer->options_.topics) {
    if (!producer->queue_->AddTopic(topic))
      return producer->instance_->Describe(rd_kafka_last_error(), "open topic " + topic);
  }
  return producer;
}

// Purging first lets the delivery reports come back at once; only after the end of the broker
// threads, which ~Instance waits for, can no request refer to a record's memory.
RdkafkaProducer::~RdkafkaProducer() {
  if (instance_ == nullptr) return;
  const Deadline deadline{Milliseconds{kEndWithinMs}};
  queue_->DropHeld();
  // librdkafka 2.0.2 asserts when it is destroyed between begin and the registration of partitions
  // (txn_req_cnt in rd_kafka_txn_handle_AddPartitionsToTxn); an abort takes what is pending back.
  // Whether it succeeds does not matter: the successor's Init decides.
  if (in_transaction_)
    const ErrorPtr ignored(rd_kafka_abort_transaction(instance_->get(), kAbortWithinMs));
  rd_kafka_purge(instance_->get(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
                                       RD_KAFKA_PURGE_F_NON_BLOCKING);
  while (rd_kafka_outq_len(instance_->get()) > 0 && !deadline.passed())
    rd_kafka_poll(instance_->get(), deadline.SliceMs(kServeMs));
  queue_.reset();
}

std::string RdkafkaProducer::Doing(const char* what) const {
  return std::string(what) + " with transactional id " + options_.transactional_id;
}

Error RdkafkaProducer::Failed(Error error) {
  failed_ = true;
  return error;
}

Result<void> RdkafkaProducer::Init(Milliseconds timeout) {
  const Deadline deadline{timeout};
  const ErrorPtr error(rd_kafka_init_transactions(instance_->get(), deadline.LeftMs()));
  rd_kafka_poll(instance_->get(), 0);  // serves the error callback, which knows why
  if (error == nullptr) return {};
  if (instance_->broken() && instance_->broken()->action == Action::kConnect)
    return Failed(*instance_->broken());
  Error described = instance_->Describe(*error, Doing("initialise transactions"));
  return described.action == Action::kRetry ? described : Failed(std::move(described));
}

Result<void> RdkafkaProducer::Begin() {
  delivered_.clear();
  delivery_error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  if (const ErrorPtr error(rd_kafka_begin_transaction(instance_->get())); error != nullptr)
    return Failed(instance_->Describe(*error, Doing("begin a transaction")));
  in_transaction_ = true;
  return {};
}

Result<void> RdkafkaProducer::Produce(const OutgoingRecord& record) {
  if (record.topic < 0 || static_cast<std::size_t>(record.topic) >= queue_->topics())
    return Failed({Action::kFail, "produce to topic number " + std::to_string(record.topic) +
                                      ", which the producer was not opened with"});
  return Taken(queue_->Add(record));
}

Result<void> RdkafkaProducer::Taken(const NotTaken& failed) {
  if (failed.code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  Error described = instance_->Describe(failed.code, "write to " + failed.where, {}, "Write");
  if (described.action == Action::kRetry) described.action = Action::kAbort;
  return Failed(CauseOf(std::move(described)));
}

// Once a record failed, librdkafka answers every further call with a bad state: an effect.
Error RdkafkaProducer::CauseOf(Error effect) {
  rd_kafka_poll(instance_->get(), 0);
  if (auto refused = Refused(); refused) return *std::move(refused);
  if (delivery_error_ == RD_KAFKA_RESP_ERR_NO_ERROR) return effect;
  Error cause =
      instance_->Describe(delivery_error_, "write to " + delivery_error_where_, {}, "Write");
  if (cause.action == Action::kRetry) cause.action = Action::kAbort;
  return cause;
}

// That the ACLs keep a topic from us is known to the transaction only: its records are said to be
// purged. A call that cannot succeed within a transaction tells what became of it.
std::optional<Error> RdkafkaProducer::Refused() const {
  if (!in_transaction_) return std::nullopt;
  const ErrorPtr error(rd_kafka_begin_transaction(instance_->get()));
  if (error == nullptr || ActionOf(rd_kafka_error_code(error.get())) != Action::kConnect)
    return std::nullopt;
  const std::string which = instance_->refused_partition();
  std::string topics;
  for (const std::string& topic : options_.topics) topics += (topics.empty() ? "" : ", ") + topic;
  return instance_->Describe(rd_kafka_error_code(error.get()), "write to " + topics,
                             which.empty() ? rd_kafka_error_string(error.get()) : which, "Write");
}

void RdkafkaProducer::Serve() { rd_kafka_poll(instance_->get(), 0); }

void RdkafkaProducer::OnDelivery(const rd_kafka_message_t& message) {
  const NotTaken next = queue_->Delivered(message);
  if (next.code != RD_KAFKA_RESP_ERR_NO_ERROR && delivery_error_ == RD_KAFKA_RESP_ERR_NO_ERROR) {
    failed_ = true;
    delivery_error_ = next.code;
    delivery_error_where_ = next.where;
  }
  if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    failed_ = true;
    // A refused record makes librdkafka give up the others; it is the cause, they are the effect.
    if (delivery_error_ == RD_KAFKA_RESP_ERR_NO_ERROR ||
        ActionOf(message.err) == Action::kRejectRecord) {
      delivery_error_ = message.err;
      delivery_error_where_ = Name(rd_kafka_topic_name(message.rkt), message.partition);
    }
    return;
  }
  const auto tag = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(message._private));
  if (tag != 0) delivered_.push_back({tag, message.offset, TimestampOf(message)});
}

Result<std::vector<Delivered>> RdkafkaProducer::Flush(Milliseconds timeout) {
  const Deadline deadline{timeout};
  int idle_ms = 0;
  while (queue_->outstanding() > 0 && delivery_error_ == RD_KAFKA_RESP_ERR_NO_ERROR &&
         !deadline.passed()) {
    SEMEL_TRY(Taken(queue_->HandOverAll()));
    // A full batch goes by itself, and would be followed at once by what is behind it.
    if (queue_->full_batch_under_way() && idle_ms < kStallMs) {
      const bool served = rd_kafka_poll(instance_->get(), deadline.SliceMs(kServeMs)) > 0;
      idle_ms = served ? 0 : idle_ms + kServeMs;
    } else {
      rd_kafka_flush(instance_->get(), deadline.SliceMs(kSliceMs));
    }
  }
  if (delivery_error_ != RD_KAFKA_RESP_ERR_NO_ERROR) return Failed(CauseOf({}));
  if (queue_->outstanding() > 0) {
    Error error = instance_->Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, Doing("write all records"));
    error.action = Action::kAbort;
    return Failed(std::move(error));
  }
  return std::move(delivered_);
}

Result<void> RdkafkaProducer::SendOffsets(const std::map<Partition, CommittedOffset>& offsets,
                                          const GroupToken& token, Milliseconds timeout) {
  if (!token.fenced())
    return Failed({Action::kAbort, "the membership of group " + options_.group +
                                       " is lost: no offsets are sent without it"});
  rd_kafka_consumer_group_metadata_t* raw = nullptr;
  const ErrorPtr unread(rd_kafka_consumer_group_metadata_read(&raw, token.serialized.data(),
                                                              token.serialized.size()));
  const GroupMetadataPtr metadata(raw);
  if (unread != nullptr)
    return Failed(instance_->Describe(*unread, "read the token of group " + options_.group));
  const PartitionListPtr list = ToList(options_.input_topic, offsets);
  const Deadline deadline{timeout};
  while (true) {
    const ErrorPtr error(rd_kafka_send_offsets_to_transaction(instance_->get(), list.get(),
                                                              metadata.get(), deadline.LeftMs()));
    if (error == nullptr) return {};
    Error described = instance_->Describe(
        *error, "send offsets of " + options_.input_topic + " for group " + options_.group);
    if (described.action != Action::kRetry || deadline.passed()) {
      if (described.action == Action::kRetry) described.action = Action::kAbort;
      return Failed(std::move(described));
    }
    rd_kafka_poll(instance_->get(), deadline.SliceMs(kServeMs));
  }
}

CommitResult RdkafkaProducer::Commit(Milliseconds timeout) {
  in_transaction_ = false;
  const Deadline deadline{timeout};
  while (true) {
    const ErrorPtr error(rd_kafka_commit_transaction(instance_->get(), deadline.LeftMs()));
    if (error == nullptr) return {CommitOutcome::kCommitted, {}};
    Error described = instance_->Describe(*error, Doing("commit"));
    if (described.action != Action::kRetry || deadline.passed())
      return {CommitOutcome::kUnknown, Failed(std::move(described))};
    rd_kafka_poll(instance_->get(), deadline.SliceMs(kServeMs));
  }
}

bool RdkafkaProducer::tainted() const { return failed_ || !unanswered_->empty(); }

Partition PartitionOfKey(std::string_view key, std::int32_t partitions) {
  return rd_kafka_msg_partitioner_murmur2(nullptr, key.data(), key.size(), partitions, nullptr,
                                          nullptr);
}

}  // namespace semel::kafka
