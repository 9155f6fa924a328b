// Opens the parts on a simulated cluster. For tasks of a process.
#pragma once

#include <memory>
#include <string>

#include "client_parts.h"

namespace semel::simulation {

class SimulatedClient final : public kafka::Client {
 public:
  /// What is referred to outlives the client and all that it opens.
  SimulatedClient(Cluster& cluster, Process& process, ClientOptions options, Logger& log);

  Result<std::unique_ptr<kafka::InputConsumer>> OpenConsumer() override;
  Result<std::unique_ptr<kafka::TransactionalProducer>> OpenProducer() override;
  Result<std::unique_ptr<kafka::LogReader>> OpenLogReader() override;
  Result<void> AbortTransactionOf(const std::string& transactional_id,
                                  kafka::Milliseconds timeout) override;

 private:
  const ClientOptions options_;
  const ClientParts parts_;
};

}  // namespace semel::simulation
