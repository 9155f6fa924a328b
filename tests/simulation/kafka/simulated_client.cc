#include "simulated_client.h"

#include <chrono>

#include "consumer.h"
#include "log_reader.h"
#include "producer.h"

namespace semel::simulation {

SimulatedClient::SimulatedClient(Cluster& cluster, Process& process, ClientOptions options,
                                 Logger& log)
    : options_(std::move(options)), parts_{cluster, process, options_, log} {}

Result<std::unique_ptr<kafka::InputConsumer>> SimulatedClient::OpenConsumer() {
  return std::unique_ptr<kafka::InputConsumer>(std::make_unique<Consumer>(parts_));
}

Result<std::unique_ptr<kafka::TransactionalProducer>> SimulatedClient::OpenProducer() {
  return std::unique_ptr<kafka::TransactionalProducer>(
      std::make_unique<Producer>(parts_, options_.transactional_id));
}

Result<std::unique_ptr<kafka::LogReader>> SimulatedClient::OpenLogReader() {
  return std::unique_ptr<kafka::LogReader>(std::make_unique<LogReader>(parts_));
}

Result<void> SimulatedClient::AbortTransactionOf(const std::string& transactional_id,
                                                 kafka::Milliseconds timeout) {
  constexpr std::chrono::milliseconds kBackOff{100};
  const Time deadline = parts_.Now() + timeout;
  Producer producer(parts_, transactional_id);
  while (true) {
    const auto left =
        std::chrono::ceil<kafka::Milliseconds>(std::max(deadline - parts_.Now(), Duration::zero()));
    auto done = producer.Init(left);
    if (done || done.error().action != Action::kRetry || parts_.Now() >= deadline) return done;
    parts_.scheduler().Sleep(kBackOff);
  }
}

}  // namespace semel::simulation
