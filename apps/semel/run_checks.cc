#include "run_checks.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "config/duration.h"
#include "run_flow.h"

namespace semel::app {
namespace {

struct Node {
  const Pipeline& pipeline;
  Flow flow;
};

Error At(const std::string& place, const std::string& why) {
  return {Action::kFix, place + ": " + why};
}

bool Writes(const Flow& flow, const std::string& topic) {
  return std::ranges::find(flow.to, topic) != flow.to.end();
}

/// Of HOST:PORT; all interfaces are one that meets every other.
bool Meet(const std::string& one, const std::string& other) {
  const auto port = [](const std::string& address) {
    return address.substr(std::min(address.rfind(':'), address.size()));
  };
  const auto host = [&](const std::string& address) {
    return address.substr(0, address.size() - port(address).size());
  };
  const auto all = [](const std::string& name) {
    return name.empty() || name == "0.0.0.0" || name == "[::]" || name == "*";
  };
  if (port(one) != port(other) || port(one) == ":0") return false;
  return host(one) == host(other) || all(host(one)) || all(host(other));
}

Result<void> CheckNames(const Node& one, const Node& other) {
  const auto& [pipeline, flow] = one;
  const std::string& name = other.pipeline.name;
  if (!flow.transactional_prefix.empty() &&
      flow.transactional_prefix == other.flow.transactional_prefix)
    return At(pipeline.PlaceOf({"instance", "group"}),
              "the transactional ids " + flow.transactional_prefix + "-0 and so on are those of '" +
                  name + "': each would fence the other; give one another 'instance' or 'group'");
  if (!flow.group.empty() && flow.group == other.flow.group)
    return At(pipeline.PlaceOf({"group", "from"}),
              "the group " + flow.group + " is that of '" + name +
                  "': each pipeline needs one of its own. For more threads, 'lanes'");
  return {};
}

/// One that writes a changelog must be the only one that touches it.
Result<void> CheckChangelog(const Node& one, const Node& other) {
  const Flow& flow = one.flow;
  const Flow& their = other.flow;
  const std::string& name = other.pipeline.name;
  if (!flow.changelog.empty() && flow.changelog == their.changelog)
    return At(one.pipeline.PlaceOf({"changelog", "group", "from"}),
              "the changelog " + flow.changelog + " is that of '" + name +
                  "': each pipeline needs one of its own");
  if (!flow.changelog.empty() && (flow.changelog == their.from || Writes(their, flow.changelog)))
    return At(one.pipeline.PlaceOf({"changelog", "group", "from"}),
              "the changelog " + flow.changelog + " is a topic of '" + name +
                  "' too: nobody else may read or write it");
  if (!their.changelog.empty() && (their.changelog == flow.from || Writes(flow, their.changelog)))
    return At(one.pipeline.PlaceOf({their.changelog == flow.from ? "from" : "to"}),
              "the topic " + their.changelog + " is the changelog of '" + name +
                  "': nobody else may read or write it");
  return {};
}

Result<void> CheckPair(const Node& one, const Node& other) {
  if (SameCluster(one.flow, other.flow)) {
    SEMEL_TRY(CheckNames(one, other));
    SEMEL_TRY(CheckChangelog(one, other));
  }
  const std::string& name = other.pipeline.name;
  if (!one.flow.state_dir.empty() && one.flow.state_dir == other.flow.state_dir)
    return At(one.pipeline.PlaceOf({"state-dir"}),
              "the directory " + one.flow.state_dir + " is that of '" + name + "'");
  if (!one.flow.listen.empty() && !other.flow.listen.empty() &&
      Meet(one.flow.listen, other.flow.listen))
    return At(one.pipeline.PlaceOf({"listen"}),
              "the address " + one.flow.listen + " is taken by '" + name + "'");
  return {};
}

/// Looks for a way back to where it began, pipeline by pipeline.
class CycleSearch {
 public:
  explicit CycleSearch(const std::vector<Node>& nodes) : nodes_(nodes) {}

  /// The topics on the way, the first one again at the end; empty: there is none.
  std::vector<std::string> From(const Node& node) {
    seen_.assign(nodes_.size(), false);
    way_ = {node.flow.from};
    if (node.flow.from.empty() || !Follow(node, node)) return {};
    return way_;
  }

 private:
  bool Follow(const Node& node, const Node& start) {
    for (const std::string& topic : node.flow.to) {
      way_.push_back(topic);
      if (topic == start.flow.from) return true;
      for (std::size_t next = 0; next < nodes_.size(); ++next) {
        if (seen_[next] || nodes_[next].flow.from != topic ||
            !SameCluster(nodes_[next].flow, start.flow))
          continue;
        seen_[next] = true;
        if (Follow(nodes_[next], start)) return true;
      }
      way_.pop_back();
    }
    return false;
  }

  const std::vector<Node>& nodes_;
  std::vector<bool> seen_;
  std::vector<std::string> way_;
};

Result<void> CheckCycles(const std::vector<Node>& nodes) {
  CycleSearch search(nodes);
  // The last one: the file is right up to there.
  for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
    const std::vector<std::string> way = search.From(*node);
    if (way.empty()) continue;
    std::string text;
    for (const std::string& topic : way) text += (text.empty() ? "" : " -> ") + topic;
    return At(node->pipeline.PlaceOf({"from"}),
              "the topics go in a circle, and their records for ever: " + text);
  }
  return {};
}

/// A serve that answers 'duplicate' for longer than the dedup behind it remembers keeps away what
/// that would let through.
void DoubtEdge(const Node& serve, const Node& dedup, std::vector<std::string>& doubts) {
  const auto* edge = std::get_if<ServeOptions>(&serve.pipeline.options);
  const auto* behind = std::get_if<DedupOptions>(&dedup.pipeline.options);
  if (edge == nullptr || behind == nullptr || !SameCluster(serve.flow, dedup.flow) ||
      !Writes(serve.flow, behind->from) || edge->edge_time_to_live <= behind->window ||
      (edge->edge_memory_bytes == 0 && !edge->edge_redis))
    return;
  doubts.push_back(serve.pipeline.PlaceOf({"edge-ttl"}) + ": edge-ttl is " +
                   config::FormatDuration(edge->edge_time_to_live) + ", and the window of '" +
                   dedup.pipeline.name + "' behind it " + config::FormatDuration(behind->window) +
                   ": an event that comes again after the window is answered 'duplicate' all the "
                   "same");
}

}  // namespace

std::vector<std::string> Doubts(const RunPlan& plan) {
  std::vector<Node> nodes;
  for (const Pipeline& pipeline : plan.pipelines)
    nodes.push_back({pipeline, FlowOf(pipeline.options)});
  std::vector<std::string> doubts;
  for (const Node& one : nodes)
    for (const Node& other : nodes) DoubtEdge(one, other, doubts);
  return doubts;
}

Result<void> CheckTogether(const RunPlan& plan) {
  std::vector<Node> nodes;
  for (const Pipeline& pipeline : plan.pipelines) {
    Node node{pipeline, FlowOf(pipeline.options)};
    for (const Node& other : nodes) SEMEL_TRY(CheckPair(node, other));
    if (!plan.metrics.empty() && !node.flow.listen.empty() && Meet(plan.metrics, node.flow.listen))
      return At(plan.metrics_place,
                "the address " + plan.metrics + " is taken by '" + pipeline.name + "'");
    nodes.push_back(std::move(node));
  }
  return CheckCycles(nodes);
}

}  // namespace semel::app
