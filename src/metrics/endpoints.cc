#include "metrics/endpoints.h"

#include <chrono>
#include <memory>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/clock.h"
#include "metrics/console_page.h"
#include "metrics/status.h"

namespace semel::metrics {
namespace {

using Pipelines = std::vector<PipelineView>;

ProcessStatus StatusOf(const RecentLog& log, const std::string& version,
                       std::chrono::steady_clock::time_point started) {
  const SystemClock clock;
  return {.version = version,
          .now_ms = clock.WallMs(),
          .uptime = std::chrono::duration_cast<std::chrono::milliseconds>(clock.Now() - started),
          .problems = log.Read()};
}

bool Alone(const Pipelines& pipelines) {
  return pipelines.size() == 1 && pipelines.front().name.empty();
}

HttpAnswer MetricsOf(const Pipelines& pipelines) {
  MetricFamilies all;
  if (Alone(pipelines))
    all = pipelines.front().metrics();
  else
    for (const PipelineView& each : pipelines) all.Add(each.name, each.metrics());
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = all.Text()};
}

/// {"ready":false,"pipelines":{"once":{"ready":false,...},"table":{"ready":true,...}}}
Readiness Together(const Pipelines& pipelines) {
  Readiness all{.ready = true, .json = {}};
  for (const PipelineView& each : pipelines) {
    const Readiness one = each.readiness();
    all.ready = all.ready && one.ready;
    all.json.append(all.json.empty() ? "\"" : ",\"").append(each.name).append("\":" + one.json);
  }
  all.json = std::string("{\"ready\":") + (all.ready ? "true" : "false") + ",\"pipelines\":{" +
             all.json + "}}";
  return all;
}

HttpAnswer ReadinessOf(const Pipelines& pipelines) {
  const Readiness now = Alone(pipelines) ? pipelines.front().readiness() : Together(pipelines);
  return {.status = now.ready ? 200U : 503U,
          .content_type = "application/json",
          .body = now.json + "\n"};
}

std::string Status(const Pipelines& pipelines, const ProcessStatus& process) {
  auto all = nlohmann::ordered_json::array();
  for (const PipelineView& each : pipelines) {
    auto status = each.status();
    if (!each.name.empty()) status["name"] = each.name;
    all.push_back(std::move(status));
  }
  return StatusJson(std::move(all), process);
}

}  // namespace

HttpRoutes Endpoints(std::vector<PipelineView> pipelines, const RecentLog& log,
                     const std::string& version) {
  const auto views = std::make_shared<const Pipelines>(std::move(pipelines));
  return {{"/", [page = ConsolePage()] { return page; }},
          {"/status.json",
           [views, &log, version, started = SystemClock{}.Now()] {
             return HttpAnswer{.content_type = "application/json",
                               .body = Status(*views, StatusOf(log, version, started))};
           }},
          {"/metrics", [views] { return MetricsOf(*views); }},
          {"/livez", [] { return HttpAnswer{.body = "ok\n"}; }},
          {"/readyz", [views] { return ReadinessOf(*views); }}};
}

}  // namespace semel::metrics
