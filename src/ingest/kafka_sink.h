// Events into Kafka, acknowledged by all in-sync replicas.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/log.h"
#include "ingest/event_sink.h"
#include "ingest/partition_queue.h"
#include "kafka/settings.h"
#include "semel/producer.h"

namespace semel::ingest {

struct SinkTopic {
  std::string name;
  std::int32_t partitions = 1;
  std::size_t message_bytes = 1'000'000;  ///< of key and value together, at most
};

struct KafkaSinkOptions {
  kafka::ClientSettings kafka;
  std::vector<SinkTopic> topics;  ///< each once
  std::chrono::milliseconds delivery_timeout{15'000};
  std::size_t events = 100'000;  ///< in flight at most
  std::size_t bytes = std::size_t{128} << 20U;
};

/// Threads: has one of its own, which calls the batches back.
class KafkaSink final : public EventSink {
 public:
  static Result<std::unique_ptr<KafkaSink>> Open(const KafkaSinkOptions& options, Logger& logger);
  ~KafkaSink() override;

  bool HasRoom(std::size_t events) const override;
  Result<void> Send(const std::string& topic, std::string_view key, Event& event) override;
  void HandOver(const std::string& topic, const std::vector<Event>& events) override;

  /// Waits for what is under way, then gives the rest up: every batch is answered.
  void Close(std::chrono::milliseconds timeout);

  /// Set when the producer cannot go on: nothing will be taken any more.
  std::optional<Error> broken() const;
  /// Did the last answer of Kafka say that events were not taken?
  bool failing() const { return failing_; }
  std::size_t in_flight() const { return in_flight_; }

 private:
  struct Topic {
    Topic(const SinkTopic& topic, std::size_t most)
        : name(topic.name),
          message_bytes(std::min(topic.message_bytes, most)),
          queues(static_cast<std::size_t>(topic.partitions)) {}
    const std::string name;
    const std::size_t message_bytes;
    std::deque<PartitionQueue> queues;  ///< by partition
  };

  KafkaSink(const KafkaSinkOptions& options, Logger& logger);
  Topic& Of(std::string_view name);
  void HandOver(const Topic& topic, std::int32_t partition, PartitionQueue& queue);
  void Produce(const Topic& topic, const HeldEvent& held);
  void GoOn(const Topic& topic, std::int32_t partition, PartitionQueue& queue,
            PartitionQueue::Left left);
  void OnDelivery(const Delivery& delivery);
  void Answer(Event& event, EventResult result);
  void Failed(const Error& error, bool kafka_fails);

  const std::size_t events_;
  const std::chrono::milliseconds delivery_timeout_;
  Logger& logger_;
  std::deque<Topic> topics_;
  std::atomic<std::size_t> in_flight_ = 0;
  std::atomic<std::uint32_t> next_keyless_ = 0;
  std::atomic<bool> failing_ = false;
  mutable std::mutex mutex_;
  std::optional<Error> broken_;                                // guarded by mutex_
  std::uint64_t unsaid_ = 0;                                   // guarded by mutex_
  std::optional<std::chrono::steady_clock::time_point> said_;  // guarded by mutex_
  std::optional<Producer> producer_;
  kafka::LiveCredentials::Subscription credentials_;
  std::jthread deliveries_;
};

}  // namespace semel::ingest
