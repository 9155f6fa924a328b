#include "kafka/topic_scanner.h"

#include "kafka/client_conf.h"
#include "kafka/rdkafka_batch.h"

namespace semel::kafka {

Result<std::unique_ptr<TopicScanner>> TopicScanner::Open(
    const ClientSettings& settings, const std::string& topic,
    const std::map<Partition, Offset>& positions, Logger& logger) {
  SEMEL_TRY_ASSIGN(ConfPtr conf, LogReaderConf(settings, "semel.scan", true));
  Instance::Parts parts;
  parts.name = "reader of " + topic;
  parts.principal = Principal(settings);
  SEMEL_TRY_ASSIGN(auto instance,
                   Instance::Open(RD_KAFKA_CONSUMER, std::move(conf), std::move(parts), logger));
  rd_kafka_poll_set_consumer(instance->get());
  const auto list = NewPartitionList(positions.size());
  for (const auto& [partition, offset] : positions)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  if (const auto code = rd_kafka_assign(instance->get(), list.get());
      code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return instance->Describe(code, "read " + topic);
  return std::unique_ptr<TopicScanner>(new TopicScanner(topic, std::move(instance)));
}

Result<Polled> TopicScanner::Poll(Milliseconds timeout, std::size_t max_records) {
  auto batch = std::make_unique<RdkafkaBatch>(nullptr);
  Polled polled;
  while (batch->size() < max_records && polled.ends.empty()) {
    MessagePtr message(rd_kafka_consumer_poll(
        instance_->get(), batch->size() == 0 ? static_cast<int>(timeout.count()) : 0));
    if (message == nullptr) break;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      batch->Add(std::move(message));
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      polled.ends.push_back({message->partition, message->offset});
    } else if (message->err == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED) {
      break;  // librdkafka looks for the group's coordinator; here nothing is asked of it
    } else {
      // Passing faults are librdkafka's to retry.
      Error error = instance_->Describe(message->err, "read " + topic_,
                                        rd_kafka_message_errstr(message.get()), "Read");
      if (error.action != Action::kRetry) return error;
      break;
    }
  }
  if (instance_->broken()) return *instance_->broken();
  batch->Finish();
  polled.batch = std::move(batch);
  return polled;
}

}  // namespace semel::kafka
