#include "run_flow.h"

#include <algorithm>

namespace semel::app {
namespace {

Flow Of(const ServeOptions& options) {
  Flow flow{.kind = "serve", .cluster = options.kafka.brokers, .listen = options.listen};
  for (const ingest::Endpoint& endpoint : options.endpoints)
    if (std::ranges::find(flow.to, endpoint.topic) == flow.to.end())
      flow.to.push_back(endpoint.topic);
  return flow;
}

Flow Of(const DedupOptions& options) {
  Flow flow{.kind = "dedup",
            .cluster = options.kafka.brokers,
            .from = options.from,
            .to = {options.to},
            .changelog = options.changelog,
            .group = options.group,
            .state_dir = options.state_dir};
  for (const std::string& topic : PolicyTopics(options.policies)) flow.to.push_back(topic);
  if (!options.instance.empty()) flow.transactional_prefix = options.group + "-" + options.instance;
  return flow;
}

Flow Of(const SinkOptions& options) {
  Flow flow{.kind = "sink-postgres",
            .cluster = options.kafka.brokers,
            .from = options.from,
            .group = options.group};
  if (!options.invalid_topic.empty()) flow.to.push_back(options.invalid_topic);
  return flow;
}

}  // namespace

Flow FlowOf(const PipelineOptions& options) {
  return std::visit([](const auto& each) { return Of(each); }, options);
}

const kafka::ClientSettings& KafkaOf(const PipelineOptions& options) {
  return std::visit([](const auto& each) -> const auto& { return each.kafka; }, options);
}

}  // namespace semel::app
