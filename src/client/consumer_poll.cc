// The half of the consumer that fetches and hands out.
#include <ctime>

#include "client/consumer_impl.h"
#include "kafka/consumer_calls.h"

namespace semel {
namespace {

// However slowly messages are taken, librdkafka hears of us that often.
constexpr std::int64_t kServeEveryMs = 100;
constexpr int kRetryMs = 100;

// Good to a few milliseconds, and cheap enough to look at for each message.
std::int64_t CoarseNowMs() {
  timespec now{};
  static_cast<void>(::clock_gettime(CLOCK_MONOTONIC_COARSE, &now));
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

Result<std::optional<Message>> Consumer::Impl::Poll(Milliseconds timeout) {
  SEMEL_TRY_ASSIGN(const bool there, Await(kafka::Deadline(timeout)));
  if (!there) return std::optional<Message>{};
  return std::optional<Message>(buffer_.Take());
}

Result<std::vector<Message>> Consumer::Impl::PollBatch(std::size_t max, Milliseconds timeout) {
  std::vector<Message> messages;
  SEMEL_TRY_ASSIGN(const bool there, Await(kafka::Deadline(timeout)));
  if (!there) return messages;
  while (messages.size() < max && !buffer_.empty()) messages.push_back(buffer_.Take());
  return messages;
}

void Consumer::Impl::Wake() {
  woken_ = true;
  rd_kafka_queue_yield(consumer_queue_.get());
}

// True: buffer_ has a message.
Result<bool> Consumer::Impl::Await(const kafka::Deadline& deadline) {
  if (closed_) return Error{Action::kFail, "the consumer is closed"};
  if (!buffer_.empty() && CoarseNowMs() - last_poll_ms_ >= kServeEveryMs) SEMEL_TRY(Serve());
  bool once = true;
  while (!woken_.load(std::memory_order_relaxed) && buffer_.empty() &&
         (once || !deadline.passed())) {
    once = false;
    SEMEL_TRY(Fill(deadline));
  }
  if (woken_.load(std::memory_order_relaxed) && woken_.exchange(false)) return false;
  return !buffer_.empty();
}

// With slow handlers: keeps the membership, and lets rebalances through, while messages wait.
Result<void> Consumer::Impl::Serve() {
  last_poll_ms_ = CoarseNowMs();
  ServeCommits(0);
  HearErrors();
  return CarryOut();
}

// A poll also calls back what librdkafka has to say.
void Consumer::Impl::HearErrors() {
  if (kafka::MessagePtr message(rd_kafka_consumer_poll(rk(), 0)); message != nullptr)
    carried_.push_back(std::move(message));
}

Result<void> Consumer::Impl::Fill(const kafka::Deadline& deadline) {
  if (error_) return *std::exchange(error_, std::nullopt);
  ServeCommits(0);
  buffer_.Start(connection_);
  found_topic_ = nullptr;
  for (; !carried_.empty(); carried_.pop_front()) Handle(std::move(carried_.front()));
  // Librdkafka 2.0 can skip or repeat in batches of its own (fixed in 2.1), hence one by one.
  int wait = buffer_.empty() && !error_ ? deadline.LeftMs() : 0;
  if (!announced_.empty() || !commits_.empty() || !held_.empty()) wait = std::min(wait, kRetryMs);
  const std::size_t announced = announced_.size();
  while (announced_.size() == announced && !error_ && !buffer_.full()) {
    kafka::MessagePtr message(rd_kafka_consumer_poll(rk(), wait));
    if (message == nullptr) break;
    wait = 0;
    Handle(std::move(message));
  }
  last_poll_ms_ = CoarseNowMs();
  if (!error_ && connection_->instance->broken()) error_ = connection_->instance->broken();
  if (error_ && buffer_.empty()) return *std::exchange(error_, std::nullopt);
  return CarryOut();
}

void Consumer::Impl::Handle(kafka::MessagePtr message) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR &&
      message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
    return HandleError(*message);
  OwnedPartition* const partition = Find(*message);
  const bool expected = partition != nullptr && !partition->paused &&
                        (message->offset >= partition->fetched || options_.reset_out_of_range);
  if (expected && message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
    return buffer_.Add(std::move(message), found_name_, *partition);
  if (expected) NoteEnd(*partition, message->offset);
  found_topic_ = nullptr;  // the message, and maybe its topic, goes away
}

OwnedPartition* Consumer::Impl::Find(const rd_kafka_message_t& message) {
  if (message.rkt == found_topic_ && message.partition == found_partition_) return found_;
  found_topic_ = message.rkt;
  found_partition_ = message.partition;
  found_name_ = rd_kafka_topic_name(message.rkt);
  const auto found = owned_.find({std::string(found_name_), message.partition});
  found_ = found == owned_.end() || !found->second.fetching ? nullptr : &found->second;
  return found_;
}

void Consumer::Impl::HandleError(const rd_kafka_message_t& message) {
  const kafka::Instance& instance = *connection_->instance;
  const rd_kafka_resp_err_t code = kafka::CodeOf(instance, message);
  // Without a group nobody asked for the rights on one; librdkafka looks for it all the same.
  if (code == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED && options_.group.empty()) return;
  if (kafka::IsOutOfRange(code)) {
    if (const OwnedPartition* const partition = Find(message); partition != nullptr)
      error_ = OutOfRange(message, *partition);
    found_topic_ = nullptr;
    return;
  }
  std::string what = "read";
  if (message.rkt != nullptr)
    what.append(" ").append(NameOf({rd_kafka_topic_name(message.rkt), message.partition}));
  if (!options_.group.empty()) what.append(" in group ").append(options_.group);
  auto error = kafka::ReadError(instance, message, what);
  if (!error) return;
  if (code == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID)
    error->message += "; this one is " + options_.instance;
  error_ = std::move(error);
}

Error Consumer::Impl::OutOfRange(const rd_kafka_message_t& message,
                                 const OwnedPartition& partition) const {
  return {Action::kStop,
          kafka::LookFor(*connection_->instance, rd_kafka_topic_name(message.rkt),
                         message.partition, partition.fetched)
                  .text +
              "; messages were deleted before they were read, or the topic was made anew; choose "
              "another offset, or set reset_out_of_range (auto.offset.reset)"};
}

void Consumer::Impl::Drop(const TopicPartition& name, OwnedPartition& partition) {
  buffer_.Drop(partition);
  std::erase_if(carried_, [&](const kafka::MessagePtr& message) {
    return message->rkt != nullptr && message->partition == name.partition &&
           name.topic == rd_kafka_topic_name(message->rkt);
  });
}

}  // namespace semel
