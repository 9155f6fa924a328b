#include "semel/consumer.h"

#include <algorithm>

#include "client/consumer_conf.h"
#include "client/consumer_impl.h"

namespace semel {
namespace {

constexpr std::chrono::milliseconds kCloseWithin{1800};  // with ~Instance below 5 s

}  // namespace

std::string NameOf(const TopicPartition& partition) {
  return kafka::Name(partition.topic, partition.partition);
}

Offsets OffsetsAfter(const Message& message) { return OffsetsAfter(std::span(&message, 1)); }

Offsets OffsetsAfter(std::span<const Message> messages) {
  Offsets offsets;
  for (const Message& message : messages) {
    std::int64_t& offset = offsets[{std::string(message.topic), message.partition}];
    offset = std::max(offset, message.offset + 1);
  }
  return offsets;
}

Result<std::unique_ptr<Consumer::Impl>> Consumer::Impl::Open(ConsumerOptions options) {
  SEMEL_TRY(TakeOptions(options));
  SEMEL_TRY_ASSIGN(const kafka::ClientSettings settings,
                   kafka::SettingsOfProgram(options.brokers, options.properties,
                                            kafka::PropertyRules::kLibrary));
  SEMEL_TRY_ASSIGN(kafka::ConfPtr conf, ConfOf(options, settings));
  std::unique_ptr<Impl> impl(new Impl(std::move(options)));
  const ConsumerOptions& kept = impl->options_;
  impl->connection_ = std::make_shared<Connection>();
  impl->connection_->logger = impl->logger_.share();
  kafka::Instance::Parts parts;
  parts.name = "consumer";
  if (!kept.group.empty()) parts.name += " of group " + kept.group;
  if (!kept.instance.empty()) parts.name += " " + kept.instance;
  parts.principal = kafka::Principal(settings);
  parts.callbacks = impl.get();
  parts.keep = impl->membership_;
  if (!kafka::AddRequestListener(conf.get(), impl->membership_.get()))
    return Error{Action::kFail, "librdkafka takes no interceptor"};
  SEMEL_TRY_ASSIGN(
      impl->connection_->instance,
      kafka::Instance::Open(RD_KAFKA_CONSUMER, std::move(conf), std::move(parts), *impl->logger_));
  rd_kafka_poll_set_consumer(impl->rk());
  impl->consumer_queue_.reset(rd_kafka_queue_get_consumer(impl->rk()));
  impl->commit_queue_.reset(rd_kafka_queue_new(impl->rk()));
  return impl;
}

Consumer::Impl::~Impl() {
  if (connection_ == nullptr || connection_->instance == nullptr || closed_) return;
  options_.on_assigned = {};
  options_.on_revoked = {};
  options_.on_lost = {};
  commits_.clear();
  held_.clear();
  if (const auto left = Close(kCloseWithin); !left)
    logger().Warning("could not leave the group; it will notice at the end of the session",
                     {{"error", left.error().message}});
}

Result<void> Consumer::Impl::CheckOurs(const TopicPartition& partition, Action otherwise) const {
  if (owned_.contains(partition)) return {};
  return Error{otherwise, NameOf(partition) + " is not ours, or not any more"};
}

Consumer::Consumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Consumer::Consumer(Consumer&& other) noexcept = default;
Consumer& Consumer::operator=(Consumer&& other) noexcept = default;
Consumer::~Consumer() = default;

Result<Consumer> Consumer::Open(ConsumerOptions options) {
  SEMEL_TRY_ASSIGN(auto impl, Impl::Open(std::move(options)));
  return Consumer(std::move(impl));
}

Result<void> Consumer::Subscribe(const std::vector<std::string>& topics) {
  return impl_->Subscribe(topics);
}
Result<void> Consumer::Assign(const std::map<TopicPartition, Place>& places, Milliseconds timeout) {
  return impl_->Assign(places, timeout);
}
Result<void> Consumer::Seek(const std::map<TopicPartition, Place>& places, Milliseconds timeout) {
  return impl_->Seek(places, timeout);
}
Result<std::optional<Message>> Consumer::Poll(Milliseconds timeout) { return impl_->Poll(timeout); }
Result<std::vector<Message>> Consumer::PollBatch(std::size_t max, Milliseconds timeout) {
  return impl_->PollBatch(max, timeout);
}
void Consumer::Wake() { impl_->Wake(); }
Result<void> Consumer::Commit(const Offsets& offsets, Milliseconds timeout) {
  return impl_->Commit(offsets, timeout);
}
Result<void> Consumer::CommitAsync(const Offsets& offsets, CommitFunction done) {
  return impl_->CommitAsync(offsets, std::move(done));
}
Offsets Consumer::Positions() const { return impl_->Positions(); }
Result<Offsets> Consumer::Committed(Milliseconds timeout) const {
  return impl_->Committed(timeout);
}
Result<std::map<TopicPartition, std::int64_t>> Consumer::Lag(Milliseconds timeout) const {
  return impl_->Lag(timeout);
}
bool Consumer::AtEnd() const { return impl_->AtEnd(); }
Result<void> Consumer::Pause(const std::vector<TopicPartition>& partitions) {
  return impl_->Pause(partitions);
}
Result<void> Consumer::Resume(const std::vector<TopicPartition>& partitions) {
  return impl_->Resume(partitions);
}
std::vector<TopicPartition> Consumer::Assignment() const { return impl_->Assignment(); }
Result<std::int32_t> Consumer::PartitionCount(const std::string& topic,
                                              Milliseconds timeout) const {
  return impl_->PartitionCount(topic, timeout);
}
Result<void> Consumer::Close(Milliseconds timeout) { return impl_->Close(timeout); }

}  // namespace semel
