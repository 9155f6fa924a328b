#include "ingest/kafka_sink.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/fail_point.h"
#include "kafka/rdkafka_producer.h"

namespace semel::ingest {
namespace {

using std::chrono::milliseconds;
using SteadyClock = std::chrono::steady_clock;

constexpr milliseconds kLook{500};
constexpr std::chrono::seconds kSayAgain{5};
// Events wait for each other in the PartitionQueue. This is for those of one batch only, which are
// handed over one by one.
constexpr const char* kLingerMs = "2";
constexpr std::size_t kBatchBytes = 1'000'000;
// The brokers compare it with their clock, and the next try has a later one: no event's fault.
constexpr const char* kOfTheTime = "INVALID_TIMESTAMP";

/// Will the brokers never take what was in this request?
bool IsRefusal(const Error& error) {
  return error.action == Action::kRejectRecord &&
         error.message.find(kOfTheTime) == std::string::npos;
}

}  // namespace

Result<std::unique_ptr<KafkaSink>> KafkaSink::Open(const KafkaSinkOptions& options,
                                                   Logger& logger) {
  std::unique_ptr<KafkaSink> sink(new KafkaSink(options, logger));
  ProducerOptions producer;
  producer.brokers = options.kafka.brokers;
  std::size_t largest = 0;
  for (const SinkTopic& topic : options.topics) largest = std::max(largest, topic.message_bytes);
  producer.properties = {{"linger.ms", kLingerMs},
                         // Requests of several partitions at a time.
                         {"max.in.flight.requests.per.connection", "5"},
                         {"message.max.bytes", std::to_string(largest)}};
  for (const auto& [name, value] : options.kafka.properties)
    producer.properties.insert_or_assign(std::string(kafka::CanonicalName(name)), value);
  producer.delivery_timeout = options.delivery_timeout;
  producer.queue_messages = options.events;
  producer.queue_bytes = options.bytes;
  producer.when_full = WhenFull::kRefuse;
  producer.on_delivery = [self = sink.get()](const Delivery& delivery) {
    self->OnDelivery(delivery);
  };
  producer.log = [&logger](LogLevel level, std::string_view line) {
    logger.Write(level, line, {});
  };
  auto opened = Producer::Open(std::move(producer));
  if (!opened) return opened.error();
  sink->producer_.emplace(*std::move(opened));
  sink->credentials_ =
      options.kafka.credentials.Listen([self = sink.get()](const kafka::Credentials& newer) {
        self->producer_->SetCredentials(newer.username, newer.password);
      });
  sink->deliveries_ = std::jthread([self = sink.get()](const std::stop_token& end) {
    while (!end.stop_requested()) self->producer_->Poll(kLook);
  });
  return sink;
}

KafkaSink::KafkaSink(const KafkaSinkOptions& options, Logger& logger)
    : events_(options.events), delivery_timeout_(options.delivery_timeout), logger_(logger) {
  const auto most = static_cast<std::size_t>(
      NumberOr(options.kafka, "message.max.bytes", std::numeric_limits<int>::max()));
  for (const SinkTopic& topic : options.topics) topics_.emplace_back(topic, most);
}

KafkaSink::~KafkaSink() { Close(milliseconds{0}); }

bool KafkaSink::HasRoom(std::size_t events) const { return in_flight_ + events <= events_; }

KafkaSink::Topic& KafkaSink::Of(std::string_view name) {
  return *std::ranges::find(topics_, name, &Topic::name);
}

Result<void> KafkaSink::Send(const std::string& topic, std::string_view key, Event& event) {
  Topic& to = Of(topic);
  if (event.text.size() + key.size() > to.message_bytes)
    return Error{Action::kRejectRecord, "larger than topic " + topic + " takes"};
  auto& queues = to.queues;
  const auto partitions = static_cast<std::int32_t>(queues.size());
  event.partition = key.empty() ? static_cast<std::int32_t>(next_keyless_++ % queues.size())
                                : kafka::PartitionOfKey(key, partitions);
  ++in_flight_;
  queues[static_cast<std::size_t>(event.partition)].Hold({event, key, event.batch->began()});
  return {};
}

void KafkaSink::HandOver(const std::string& topic, const std::vector<Event>& events) {
  Topic& to = Of(topic);
  for (const Event& event : events)
    if (event.partition >= 0)
      HandOver(to, event.partition, to.queues[static_cast<std::size_t>(event.partition)]);
}

void KafkaSink::HandOver(const Topic& topic, std::int32_t partition, PartitionQueue& queue) {
  // One request must not be larger than the topic allows, or all events in it fail.
  const auto& batch = queue.Begin(std::min(topic.message_bytes, kBatchBytes));
  if (batch.empty()) return;
  for (const HeldEvent& held : batch) Produce(topic, held);
  GoOn(topic, partition, queue, queue.Answered(true));
}

void KafkaSink::Produce(const Topic& topic, const HeldEvent& held) {
  OutgoingMessage message;
  message.topic = topic.name;
  if (!held.key().empty()) message.key = held.key();
  message.value = held.event().text;
  message.partition = held.event().partition;
  message.tag = reinterpret_cast<std::uintptr_t>(&held.event());
  const auto sent = fail_point::Fails("serve_producer_broken")
                        ? Result<void>(Error{Action::kFail, "the producer is broken"})
                        : producer_->Send(message);
  if (sent) return;
  if (sent.error().action == Action::kFail) {
    const std::lock_guard lock(mutex_);
    if (!broken_) broken_ = sent.error();
  }
  Delivery delivery;
  delivery.topic = topic.name;
  delivery.partition = message.partition;
  delivery.tag = message.tag;
  delivery.error = sent.error();
  OnDelivery(delivery);
}

/// After an answer. What waited while Kafka did not take the batch before it, or while it took
/// others slowly, has waited long enough: its clients are told, and try again.
void KafkaSink::GoOn(const Topic& topic, std::int32_t partition, PartitionQueue& queue,
                     PartitionQueue::Left left) {
  if (left == PartitionQueue::Left::kSome) return;
  const bool taken = left == PartitionQueue::Left::kNone;
  const auto limit =
      taken ? SteadyClock::now() - delivery_timeout_ : SteadyClock::time_point::max();
  for (const HeldEvent& held : queue.TakeOlder(limit)) Answer(held.event(), EventResult::kRetry);
  if (taken) HandOver(topic, partition, queue);
}

void KafkaSink::OnDelivery(const Delivery& delivery) {
  Topic& topic = Of(delivery.topic);
  PartitionQueue& queue = topic.queues[static_cast<std::size_t>(delivery.partition)];
  Event& event = *reinterpret_cast<Event*>(static_cast<std::uintptr_t>(delivery.tag));
  const bool refused = delivery.error && IsRefusal(*delivery.error);
  if (refused && !queue.alone()) {
    // It may be the fault of another event of the batch: each is sent again, alone.
    GoOn(topic, delivery.partition, queue, queue.Refused(event));
    return;
  }
  if (delivery.error)
    Failed(*delivery.error, !refused);
  else if (failing_.load(std::memory_order_relaxed))
    failing_ = false;
  Answer(event, !delivery.error ? EventResult::kAccepted
                : refused       ? EventResult::kRejected
                                : EventResult::kRetry);
  GoOn(topic, delivery.partition, queue, queue.Answered(!delivery.error || refused));
}

void KafkaSink::Answer(Event& event, EventResult result) {
  --in_flight_;
  event.batch->Answered(event, result);
}

void KafkaSink::Failed(const Error& error, bool kafka_fails) {
  if (kafka_fails) failing_ = true;
  const std::lock_guard lock(mutex_);
  ++unsaid_;
  const auto now = SteadyClock::now();
  if (said_ && now - *said_ < kSayAgain) return;
  said_ = now;
  logger_.Warning("events are not taken: " + error.message,
                  {{"events", std::to_string(std::exchange(unsaid_, 0))}});
}

std::optional<Error> KafkaSink::broken() const {
  const std::lock_guard lock(mutex_);
  return broken_;
}

void KafkaSink::Close(milliseconds timeout) {
  if (!deliveries_.joinable()) return;
  static_cast<void>(producer_->Close(timeout));  // batch by batch, errors were told
  deliveries_.request_stop();
  deliveries_.join();
}

}  // namespace semel::ingest
