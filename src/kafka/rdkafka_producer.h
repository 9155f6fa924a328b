// The transactional producer on librdkafka.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "kafka/client.h"
#include "kafka/instance.h"
#include "kafka/send_queue.h"
#include "kafka/unanswered_requests.h"

namespace semel::kafka {

struct ProducerOptions {
  std::string transactional_id;
  std::vector<std::string> topics;  ///< TopicIndex is an index into them
  std::string group;                ///< whose offsets SendOffsets commits
  std::string input_topic;
  int batch_bytes = 1'000'000;
};

class RdkafkaProducer final : public TransactionalProducer, private Callbacks {
 public:
  static Result<std::unique_ptr<RdkafkaProducer>> Open(const ClientSettings& settings,
                                                       ProducerOptions options, Logger& logger);
  RdkafkaProducer(const RdkafkaProducer&) = delete;
  RdkafkaProducer& operator=(const RdkafkaProducer&) = delete;
  ~RdkafkaProducer() override;

  Result<void> Init(Milliseconds timeout) override;
  Result<void> Begin() override;
  Result<void> Produce(const OutgoingRecord& record) override;
  void Serve() override;
  Result<std::vector<Delivered>> Flush(Milliseconds timeout) override;
  Result<void> SendOffsets(const std::map<Partition, CommittedOffset>& offsets,
                           const GroupToken& token, Milliseconds timeout) override;
  CommitResult Commit(Milliseconds timeout) override;
  bool tainted() const override;

 private:
  explicit RdkafkaProducer(ProducerOptions options) : options_(std::move(options)) {}
  void OnDelivery(const rd_kafka_message_t& message) override;
  Result<void> Taken(const NotTaken& failed);
  /// Notes that this producer must not be used for another transaction.
  Error Failed(Error error);
  Error CauseOf(Error effect);
  std::optional<Error> Refused() const;
  std::string Doing(const char* what) const;

  ProducerOptions options_;
  std::shared_ptr<UnansweredRequests> unanswered_ = std::make_shared<UnansweredRequests>();
  std::unique_ptr<Instance> instance_;
  std::optional<SendQueue> queue_;  // destroyed before instance_

  // Of the open transaction:
  std::vector<Delivered> delivered_;
  rd_kafka_resp_err_t delivery_error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
  std::string delivery_error_where_;

  bool failed_ = false;
  bool in_transaction_ = false;  // begun, and no commit was tried
};

/// Where Kafka's Java producer puts a record with this key (murmur2).
Partition PartitionOfKey(std::string_view key, std::int32_t partitions);

}  // namespace semel::kafka
