// Opens the parts on librdkafka.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "kafka/client.h"
#include "kafka/settings.h"

namespace semel::kafka {

struct ClientOptions {
  ClientSettings settings;
  std::string group;
  std::string input_topic;
  std::string instance;  ///< group.instance.id of this lane; empty: a dynamic member
  std::string transactional_id;
  std::vector<std::string> producer_topics;  ///< TopicIndex is an index into them
  int batch_bytes = 1'000'000;               ///< below the smallest max.message.bytes of the topics
};

class RdkafkaClient final : public Client {
 public:
  /// `logger` outlives the client and all that it opens.
  RdkafkaClient(ClientOptions options, Logger& logger)
      : options_(std::move(options)), logger_(logger) {}

  Result<std::unique_ptr<InputConsumer>> OpenConsumer() override;
  Result<std::unique_ptr<TransactionalProducer>> OpenProducer() override;
  Result<std::unique_ptr<LogReader>> OpenLogReader() override;
  Result<void> AbortTransactionOf(const std::string& transactional_id,
                                  Milliseconds timeout) override;

 private:
  ClientOptions options_;
  Logger& logger_;
};

}  // namespace semel::kafka
