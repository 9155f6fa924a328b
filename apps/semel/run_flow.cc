#include "run_flow.h"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <system_error>

namespace semel::app {
namespace {

/// HOST:PORT of a list as librdkafka reads it, in order.
std::vector<std::string> Brokers(const std::string& list) {
  std::vector<std::string> brokers;
  for (std::size_t at = 0; at < list.size();) {
    const std::size_t end = std::min(list.find(',', at), list.size());
    std::string broker = list.substr(at, end - at);
    at = end + 1;
    std::erase_if(broker, [](char c) { return c == ' ' || c == '\t' || c == '\n'; });
    if (const std::size_t scheme = broker.find("://"); scheme != std::string::npos)
      broker.erase(0, scheme + 3);
    for (char& c : broker) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (broker.empty()) continue;
    const std::size_t bracket = broker.rfind(']');
    const std::size_t colon = broker.rfind(':');
    if (colon == std::string::npos || (bracket != std::string::npos && colon < bracket))
      broker += ":9092";
    brokers.push_back(std::move(broker));
  }
  std::ranges::sort(brokers);
  return brokers;
}

/// As a path that is written in one way only; what is not there stays as it is.
std::string Normal(const std::string& path) {
  if (path.empty()) return path;
  std::error_code ignored;
  const auto whole = std::filesystem::weakly_canonical(std::filesystem::absolute(path), ignored);
  const std::string text = ignored ? path : whole.lexically_normal().string();
  return text.size() > 1 && text.ends_with('/') ? text.substr(0, text.size() - 1) : text;
}

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
            .state_dir = Normal(options.state_dir)};
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

bool SameCluster(const Flow& one, const Flow& other) {
  std::vector<std::string> common;
  std::ranges::set_intersection(Brokers(one.cluster), Brokers(other.cluster),
                                std::back_inserter(common));
  return !common.empty();
}

Flow FlowOf(const PipelineOptions& options) {
  return std::visit([](const auto& each) { return Of(each); }, options);
}

const kafka::ClientSettings& KafkaOf(const PipelineOptions& options) {
  return std::visit([](const auto& each) -> const auto& { return each.kafka; }, options);
}

}  // namespace semel::app
