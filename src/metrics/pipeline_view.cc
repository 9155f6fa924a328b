#include "metrics/pipeline_view.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "metrics/exposition.h"
#include "metrics/sink_exposition.h"
#include "metrics/status.h"

namespace semel::metrics {

PipelineView DedupView(std::function<Snapshot()> read, std::string version) {
  PipelineView view;
  view.metrics = [read, version = std::move(version)] { return Metrics(read(), version); };
  view.readiness = [read] {
    const Snapshot snapshot = read();
    return Readiness{Ready(snapshot), ReadinessJson(snapshot)};
  };
  view.status = [read = std::move(read)] { return DedupStatus(read()); };
  return view;
}

PipelineView SinkView(std::function<SinkSnapshot()> read, std::string group, std::string version) {
  PipelineView view;
  view.metrics = [read, version = std::move(version)] { return Metrics(read(), version); };
  view.readiness = [read] {
    const SinkSnapshot snapshot = read();
    return Readiness{snapshot.Ready(), ReadinessJson(snapshot)};
  };
  view.status = [read = std::move(read), group = std::move(group)] {
    return SinkStatus(read(), group);
  };
  return view;
}

}  // namespace semel::metrics
