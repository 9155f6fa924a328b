// What a pipeline reads, writes and holds, whatever its kind: for checks over all of them.
#pragma once

#include <string>
#include <vector>

#include "run_file.h"

namespace semel::app {

struct Flow {
  const char* kind = "";          ///< the command: "dedup"
  std::string cluster{};          ///< the brokers; topics of two clusters have nothing in common
  std::string from{};             ///< a topic; empty: none
  std::vector<std::string> to{};  ///< topics, the main one first
  std::string changelog{};        ///< empty: none
  std::string group{};            ///< empty: joins none
  std::string transactional_prefix{};  ///< empty: no transactions, or a random name
  std::string listen{};                ///< empty: listens nowhere
  std::string state_dir{};
};

Flow FlowOf(const PipelineOptions& options);

/// Have the two lists of brokers one in common? Then they are of one cluster.
bool SameCluster(const Flow& one, const Flow& other);

/// How Kafka is reached.
const kafka::ClientSettings& KafkaOf(const PipelineOptions& options);

}  // namespace semel::app
