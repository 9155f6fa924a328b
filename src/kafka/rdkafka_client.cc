#include "kafka/rdkafka_client.h"

#include <algorithm>
#include <thread>

#include "kafka/rdkafka_consumer.h"
#include "kafka/rdkafka_log_reader.h"
#include "kafka/rdkafka_producer.h"

namespace semel::kafka {
namespace {

constexpr int kBackOffMs = 100;

}  // namespace

Result<std::unique_ptr<InputConsumer>> RdkafkaClient::OpenConsumer() {
  SEMEL_TRY_ASSIGN(
      std::unique_ptr<InputConsumer> consumer,
      RdkafkaConsumer::Open(
          options_.settings,
          {.group = options_.group, .topic = options_.input_topic, .instance = options_.instance},
          logger_));
  return consumer;
}

Result<std::unique_ptr<TransactionalProducer>> RdkafkaClient::OpenProducer() {
  SEMEL_TRY_ASSIGN(std::unique_ptr<TransactionalProducer> producer,
                   RdkafkaProducer::Open(options_.settings,
                                         {.transactional_id = options_.transactional_id,
                                          .topics = options_.producer_topics,
                                          .group = options_.group,
                                          .input_topic = options_.input_topic,
                                          .batch_bytes = options_.batch_bytes},
                                         logger_));
  return producer;
}

Result<std::unique_ptr<LogReader>> RdkafkaClient::OpenLogReader() {
  SEMEL_TRY_ASSIGN(std::unique_ptr<LogReader> reader,
                   RdkafkaLogReader::Open(
                       options_.settings,
                       {.group = options_.group, .input_topic = options_.input_topic}, logger_));
  return reader;
}

Result<void> RdkafkaClient::AbortTransactionOf(const std::string& transactional_id,
                                               Milliseconds timeout) {
  const Deadline deadline{timeout};
  ProducerOptions options;
  options.transactional_id = transactional_id;
  SEMEL_TRY_ASSIGN(const auto producer,
                   RdkafkaProducer::Open(options_.settings, std::move(options), logger_));
  while (true) {
    auto done = producer->Init(Milliseconds{deadline.LeftMs()});
    if (done || done.error().action != Action::kRetry || deadline.passed()) return done;
    std::this_thread::sleep_for(Milliseconds{deadline.SliceMs(kBackOffMs)});
  }
}

}  // namespace semel::kafka
