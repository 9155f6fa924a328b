#include "kafka_rights.h"

#include <algorithm>

namespace semel::app {
namespace {

class Rights {
 public:
  explicit Rights(const kafka::ClientSettings& settings) {
    const std::string principal = kafka::Principal(settings);
    who_ = "--allow-principal " + (principal.empty() ? "PRINCIPAL" : principal);
  }

  void Add(const std::string& what, std::initializer_list<const char*> operations) {
    std::string line = who_;
    for (const char* operation : operations) line += std::string(" --operation ") + operation;
    line += " " + what;
    if (std::ranges::find(lines_, line) == lines_.end()) lines_.push_back(line);
  }

  std::vector<std::string> Take() { return std::move(lines_); }

 private:
  std::string who_;
  std::vector<std::string> lines_;
};

std::string Topic(const std::string& name) { return "--topic " + name; }

}  // namespace

std::vector<std::string> RightsOf(const ServeOptions& options) {
  Rights rights(options.kafka);
  for (const ingest::Endpoint& endpoint : options.endpoints)
    rights.Add(Topic(endpoint.topic), {"Write", "DescribeConfigs"});
  return rights.Take();
}

std::vector<std::string> RightsOf(const DedupOptions& options) {
  Rights rights(options.kafka);
  std::vector<std::string> written = PolicyTopics(options.policies);
  written.insert(written.begin(), options.to);
  rights.Add(Topic(options.from), {"Read", "DescribeConfigs"});
  for (const std::string& topic : written) rights.Add(Topic(topic), {"Write", "DescribeConfigs"});
  rights.Add(Topic(options.changelog), {"Read", "Write", "DescribeConfigs"});
  rights.Add("--group " + options.group, {"Read"});
  rights.Add("--transactional-id " + options.group + "- --resource-pattern-type prefixed",
             {"Write"});
  if (!options.create_topics) return rights.Take();
  written.push_back(options.changelog);
  for (const std::string& topic : written) rights.Add(Topic(topic), {"Create"});
  return rights.Take();
}

std::vector<std::string> RightsOf(const SinkOptions& options) {
  Rights rights(options.kafka);
  rights.Add(Topic(options.from), {"Read"});
  rights.Add("--group " + options.group, {"Read"});
  if (!options.invalid_topic.empty()) rights.Add(Topic(options.invalid_topic), {"Write"});
  return rights.Take();
}

}  // namespace semel::app
