#include "kafka/rdkafka_consumer.h"

#include <algorithm>

#include "kafka/client_conf.h"
#include "kafka/consumer_calls.h"
#include "kafka/group_token.h"

namespace semel::kafka {
namespace {

constexpr std::size_t kMostBytes = std::size_t{4} << 20U;  // of one batch
constexpr std::size_t kMostFencings = 3;
constexpr std::size_t kMostCutOffs = 2;
constexpr Milliseconds kLeaveWithin{1800};  // with ~Instance below 5 s

std::string Text(std::span<const Partition> partitions) {
  std::string text;
  for (const Partition partition : partitions) {
    if (!text.empty()) text += ',';
    text += std::to_string(partition);
  }
  return text;
}

const char* Text(Rebalance::Kind kind) {
  switch (kind) {
    case Rebalance::Kind::kAssigned:
      return "assigned";
    case Rebalance::Kind::kRevoked:
      return "revoked";
    case Rebalance::Kind::kLost:
      return "lost";
  }
  return "";
}

}  // namespace

Result<std::unique_ptr<RdkafkaConsumer>> RdkafkaConsumer::Open(const ClientSettings& settings,
                                                               ConsumerOptions options,
                                                               Logger& logger) {
  std::unique_ptr<RdkafkaConsumer> consumer(
      new RdkafkaConsumer(settings, std::move(options), logger));
  SEMEL_TRY(consumer->Connect());
  return consumer;
}

Result<void> RdkafkaConsumer::Connect() {
  SEMEL_TRY_ASSIGN(ConfPtr conf, ConsumerConf(settings_, options_.group, options_.instance));
  Instance::Parts parts;
  parts.name = "consumer " + (options_.instance.empty() ? options_.group : options_.instance);
  parts.principal = Principal(settings_);
  parts.credentials = settings_.credentials;
  parts.callbacks = this;
  SEMEL_TRY_ASSIGN(instance_,
                   Instance::Open(RD_KAFKA_CONSUMER, std::move(conf), std::move(parts), logger_));
  rd_kafka_poll_set_consumer(instance_->get());
  const PartitionListPtr topics = NewPartitionList(1);
  rd_kafka_topic_partition_list_add(topics.get(), options_.topic.c_str(), RD_KAFKA_PARTITION_UA);
  return instance_->Check(rd_kafka_subscribe(instance_->get(), topics.get()),
                          "subscribe to " + options_.topic);
}

Result<void> RdkafkaConsumer::Reconnect() {
  const Error why = std::move(*broken_by_);
  broken_by_.reset();
  logger_.Warning("joining the group again", {{"group", options_.group}, {"reason", why.message}});
  fetched_.clear();
  announced_.clear();
  Announce({Rebalance::Kind::kLost, {owned_.begin(), owned_.end()}});
  return Connect();
}

RdkafkaConsumer::~RdkafkaConsumer() {
  if (instance_ == nullptr || leaving_) return;
  if (const auto left = Leave(kLeaveWithin); !left)
    logger_.Warning("could not leave the group; it will notice at the end of the session",
                    {{"error", left.error().message}});
}

// Runs inside of a poll. Only notes what happened: the lane decides and acknowledges.
void RdkafkaConsumer::OnRebalance(rd_kafka_resp_err_t event,
                                  const rd_kafka_topic_partition_list_t& partitions) {
  Rebalance rebalance;
  for (int i = 0; i < partitions.cnt; ++i)
    rebalance.partitions.push_back(partitions.elems[i].partition);
  if (event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    // An eager assignment is the whole of what we own. librdkafka may rejoin without a revocation
    // when the topic changes while an assignment is unacknowledged; the lane must hear of it.
    if (!Cooperative(*instance_) && !owned_.empty())
      Announce({Rebalance::Kind::kLost, {owned_.begin(), owned_.end()}});
    Announce({Rebalance::Kind::kAssigned, std::move(rebalance.partitions)});
  } else if (event == RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS) {
    const bool lost = rd_kafka_assignment_lost(instance_->get()) != 0;
    Announce({lost ? Rebalance::Kind::kLost : Rebalance::Kind::kRevoked,
              std::move(rebalance.partitions)});
  } else {
    Announce({Rebalance::Kind::kLost, {owned_.begin(), owned_.end()}});
  }
  rd_kafka_yield(instance_->get());
}

void RdkafkaConsumer::Announce(Rebalance rebalance) {
  logger_.Info("rebalance", {{"group", options_.group},
                             {"kind", Text(rebalance.kind)},
                             {"partitions", Text(rebalance.partitions)}});
  announced_.push_back(std::move(rebalance));
}

/// Empty where there is none to be had.
GroupToken RdkafkaConsumer::CurrentToken() {
  const GroupMetadataPtr metadata(rd_kafka_consumer_group_metadata(instance_->get()));
  if (metadata == nullptr) return {};
  void* buffer = nullptr;
  std::size_t size = 0;
  const ErrorPtr error(rd_kafka_consumer_group_metadata_write(metadata.get(), &buffer, &size));
  if (error != nullptr) return {};
  std::string serialized(static_cast<const char*>(buffer), size);
  rd_kafka_mem_free(instance_->get(), buffer);
  auto token = ParseGroupToken(std::move(serialized));
  if (token) return std::move(*token);
  error_ = token.error();
  return {};
}

Result<Polled> RdkafkaConsumer::Poll(Milliseconds timeout, std::size_t max_records) {
  auto batch = std::make_unique<RdkafkaBatch>(instance_);
  Polled polled;
  int wait = announced_.empty() && !error_ ? Deadline(timeout).LeftMs() : 0;
  while (announced_.empty() && !error_ && !broken_by_ && batch->size() < max_records &&
         batch->bytes() < kMostBytes) {
    MessagePtr message(rd_kafka_consumer_poll(instance_->get(), wait));
    if (message == nullptr) break;
    wait = 0;
    Handle(std::move(message), polled, *batch);
  }
  if (broken_by_) {
    if (const auto joined = Reconnect(); !joined) error_ = joined.error();
  }
  if (!error_ && instance_->broken()) error_ = instance_->broken();
  if (error_ && batch->size() == 0 && announced_.empty()) {
    Error error = std::move(*error_);
    error_.reset();
    return error;
  }
  if (!announced_.empty()) {
    open_ = std::move(announced_.front());
    announced_.pop_front();
    if (open_->kind == Rebalance::Kind::kLost)
      membership_.Suspend();
    else
      open_->as_new_member = membership_.Renew(CurrentToken(), !owned_.empty());
    if (open_->kind == Rebalance::Kind::kAssigned)
      owned_.insert(open_->partitions.begin(), open_->partitions.end());
    polled.rebalance = open_;
  }
  batch->Finish();
  polled.batch = std::move(batch);
  return polled;
}

void RdkafkaConsumer::Handle(MessagePtr message, Polled& polled, RdkafkaBatch& batch) {
  const auto found = fetched_.find(message->partition);
  const bool wanted =
      found != fetched_.end() && found->second.wanted && message->offset >= found->second.next;
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (wanted) polled.ends.push_back({message->partition, message->offset});
  } else if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    HandleError(*message);
  } else if (wanted) {
    found->second.next = message->offset + 1;
    batch.Add(std::move(message));
  } else {
    ++dropped_;
  }
}

void RdkafkaConsumer::HandleError(const rd_kafka_message_t& message) {
  const rd_kafka_resp_err_t code = CodeOf(*instance_, message);
  if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
    (fencings_.Add(SystemClock{}.Now()) > kMostFencings ? error_ : broken_by_) = Fenced();
  } else if (IsOutOfRange(code)) {
    if (const auto found = fetched_.find(message.partition);
        found != fetched_.end() && found->second.wanted)
      HandleOutOfRange(message.partition, found->second.next);
  } else {
    if (code == RD_KAFKA_RESP_ERR__MAX_POLL_EXCEEDED) membership_.Suspend();
    auto error =
        ReadError(*instance_, message, "read " + options_.topic + " in group " + options_.group);
    if (error) error_ = std::move(error);
  }
}

// A static member can fence itself: a coordinator that hangs for longer than the session and then
// goes on works off our old requests after it has given us a new member id (seen with SIGSTOP). To
// librdkafka that is fatal. So is a second process with our name, and only the number of times
// tells the two apart.
Error RdkafkaConsumer::Fenced() const {
  Error error =
      instance_->Describe(RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID, "stay in group " + options_.group);
  error.message += "; this one is " + options_.instance;
  return error;
}

// What lies below the start of the log is gone. What lies behind its end may be there: a leader
// that hangs for longer than its session and then goes on answers as the leader that it was, from a
// log that ends earlier, until it hears of its successor (seen with SIGSTOP). librdkafka fetches no
// more from the partition. Joining again makes those look who restore it, and they take their time.
void RdkafkaConsumer::HandleOutOfRange(Partition partition, Offset offset) {
  const NotThere found = LookFor(*instance_, options_.topic, partition, offset);
  (found.removed || cut_offs_.Add(SystemClock{}.Now()) > kMostCutOffs ? error_ : broken_by_) =
      Error{
          Action::kStop,
          found.text + "; records were deleted before they were read, or the topic was made anew"};
}

std::optional<Offset> RdkafkaConsumer::KnownEnd(Partition partition) {
  Offset low = RD_KAFKA_OFFSET_INVALID;
  Offset high = RD_KAFKA_OFFSET_INVALID;
  if (rd_kafka_get_watermark_offsets(instance_->get(), options_.topic.c_str(), partition, &low,
                                     &high) != RD_KAFKA_RESP_ERR_NO_ERROR ||
      high < 0)
    return std::nullopt;
  return high;
}

Result<GroupToken> RdkafkaConsumer::Membership() { return membership_.token(); }

}  // namespace semel::kafka
