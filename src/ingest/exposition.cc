#include "ingest/exposition.h"

#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace semel::ingest {
namespace {

using metrics::MetricFamilies;
using prometheus::MetricType;
using Json = nlohmann::ordered_json;

constexpr std::array<const char*, 4> kResults{"accepted", "duplicate", "rejected", "retry"};

void AddDurations(MetricFamilies& out, const ServeTotals& totals) {
  out.Family("serve_request_duration_seconds", MetricType::Histogram,
             "From a request's head to its answer, the wait for Kafka included");
  auto& histogram = out.Series({}).histogram;
  for (std::size_t i = 0; i < totals.durations.size(); ++i) {
    histogram.sample_count += totals.durations[i];
    const double bound =
        i < kDurationBounds.size() ? kDurationBounds[i] : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = totals.duration_seconds;
}

void AddGauges(MetricFamilies& out, const ServeTotals& totals) {
  const auto gauge = [&](const char* name, const char* help, std::uint64_t value) {
    out.Family(name, MetricType::Gauge, help);
    out.Value(value, {});
  };
  gauge("serve_requests_in_flight", "Requests whose answer is not sent", totals.in_flight);
  gauge("serve_connections", "Open connections", totals.connections);
  gauge("serve_events_in_flight", "Events that Kafka has not acknowledged",
        totals.events_in_flight);
  gauge("serve_bytes_in_flight", "Memory that bodies take", totals.bytes_in_flight);
  gauge("serve_remembered_events", "Fingerprints in the edge memory", totals.remembered);
  gauge("serve_ready", "1 when /readyz answers 200", totals.ready ? 1 : 0);
  gauge("serve_kafka_failing", "1 when the last answer of Kafka was that it did not take an event",
        totals.kafka_failing ? 1 : 0);
  gauge("serve_edge_memory_failing", "1 while the edge memory answers nothing",
        totals.memory_failing ? 1 : 0);
}

std::string ReadinessJson(const ServeTotals& totals) {
  if (!totals.ready && !totals.draining) return R"({"ready":false})";  // it starts
  Json answer = {{"ready", totals.ready}};
  if (totals.draining) answer["draining"] = true;
  answer["kafka"] = totals.kafka_failing ? "failing" : "ok";
  answer["edge_memory"] = totals.memory_failing ? "failing" : "ok";
  return answer.dump();
}

Json Status(const ServeTotals& totals, const ServeIdentity& identity) {
  Json endpoints = Json::array();
  for (const Endpoint& each : identity.endpoints)
    endpoints.push_back({{"path", each.path}, {"topic", each.topic}});
  Json requests = Json::object();
  for (const auto& [status, count] : totals.requests) requests[std::to_string(status)] = count;
  Json events = Json::object();
  for (std::size_t i = 0; i < kResults.size(); ++i) events[kResults[i]] = totals.events[i];
  return {{"kind", "serve"},
          {"ready", totals.ready},
          {"draining", totals.draining},
          {"endpoints", std::move(endpoints)},
          {"requests", std::move(requests)},
          {"requests_in_flight", totals.in_flight},
          {"connections", totals.connections},
          {"turned_away", totals.turned_away},
          {"bytes", totals.bytes},
          {"events", std::move(events)},
          {"durations",
           {{"bounds", kDurationBounds},
            {"counts", totals.durations},
            {"seconds", totals.duration_seconds}}},
          {"edge_memory",
           {{"kind", identity.edge_memory},
            {"entries", identity.edge_memory == "local" ? Json(totals.remembered) : Json()},
            {"failing", totals.memory_failing}}},
          {"kafka",
           {{"events_in_flight", totals.events_in_flight},
            {"bytes_in_flight", totals.bytes_in_flight},
            {"failing", totals.kafka_failing}}}};
}

}  // namespace

std::uint64_t ServeTotals::all_requests() const {
  std::uint64_t all = 0;
  for (const auto& [status, count] : requests) all += count;
  return all;
}

ServeTotals Sum(const std::vector<const Counters*>& counters) {
  ServeTotals totals;
  for (const Counters* each : counters) {
    for (std::size_t status = 0; status < kStatusEnd; ++status)
      if (const std::uint64_t count = each->requests[status]; count > 0)
        totals.requests[static_cast<int>(status)] += count;
    for (std::size_t i = 0; i < totals.events.size(); ++i) totals.events[i] += each->events[i];
    for (std::size_t i = 0; i < totals.durations.size(); ++i)
      totals.durations[i] += each->durations[i];
    totals.duration_seconds += static_cast<double>(each->duration_us) / 1e6;
    totals.bytes += each->bytes;
    totals.in_flight += each->in_flight;
    totals.connections += each->connections;
  }
  return totals;
}

MetricFamilies Metrics(const ServeTotals& totals, const std::string& version) {
  MetricFamilies out;
  out.Family("serve_requests_total", MetricType::Counter, "Answered requests by status");
  for (const auto& [status, count] : totals.requests)
    out.Value(count, {{"status", std::to_string(status)}});
  out.Family("serve_events_total", MetricType::Counter, "Events by what became of them");
  for (std::size_t i = 0; i < kResults.size(); ++i)
    out.Value(totals.events[i], {{"result", kResults[i]}});
  out.Family("serve_received_bytes_total", MetricType::Counter, "Of bodies, as they came");
  out.Value(totals.bytes, {});
  out.Family("serve_connections_turned_away_total", MetricType::Counter,
             "Connections above --max-connections");
  out.Value(totals.turned_away, {});
  AddDurations(out, totals);
  AddGauges(out, totals);
  out.Family("serve_build_info", MetricType::Gauge, "Always 1; says which version runs");
  out.Value(1, {{"version", version}});
  return out;
}

metrics::PipelineView ServeView(std::function<ServeTotals()> read, ServeIdentity identity) {
  metrics::PipelineView view;
  view.metrics = [read, version = identity.version] { return Metrics(read(), version); };
  view.readiness = [read] {
    const ServeTotals totals = read();
    return metrics::Readiness{totals.ready, ReadinessJson(totals)};
  };
  view.status = [read = std::move(read), identity = std::move(identity)] {
    return Status(read(), identity);
  };
  return view;
}

std::string SummaryJson(const ServeTotals& totals, double seconds) {
  nlohmann::ordered_json json = {{"requests", totals.all_requests()}};
  for (std::size_t i = 0; i < kResults.size(); ++i) json[kResults[i]] = totals.events[i];
  json["bytes"] = totals.bytes;
  json["seconds"] = seconds;
  return json.dump();
}

std::string SummaryText(const ServeTotals& totals, double seconds) {
  std::array<char, 200> text{};
  const auto number = [](std::uint64_t value) { return static_cast<unsigned long long>(value); };
  std::snprintf(text.data(), text.size(),
                "%llu requests, events: %llu accepted, %llu duplicate, %llu rejected, %llu retry, "
                "%.0f/s",
                number(totals.all_requests()), number(totals.events[0]), number(totals.events[1]),
                number(totals.events[2]), number(totals.events[3]),
                static_cast<double>(totals.events[0]) / std::max(seconds, 0.001));
  return text.data();
}

}  // namespace semel::ingest
