#include "ingest/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/metrics/expect_answers.h"
#include "tests/unit/metrics/metrics_page.h"

namespace semel::ingest {
namespace {

using ::testing::HasSubstr;

TEST(ServePrometheusText, HasExactlyTheDocumentedNames) {
  const ServeTotals totals{.requests = {{200, 1}}};
  EXPECT_EQ(metrics::MetricsIn(Metrics(totals, "1").Text()), metrics::DocumentedMetrics("serve"));
}

TEST(ServePrometheusText, HasWhatAlertsAskFor) {
  const ServeTotals totals{.requests = {{200, 1}}};
  metrics::ExpectAnswers(Metrics(totals, "1").Text(), metrics::Alerts("semel-serve"), 7);
}

TEST(ServePrometheusText, AddsUpTheThreads) {
  Counters one;
  Counters other;
  one.requests[200] = 3;
  other.requests[200] = 4;
  other.requests[503] = 1;
  one.events[0] = 5;
  other.events[3] = 6;
  one.AddDuration(std::chrono::milliseconds(4));
  other.AddDuration(std::chrono::seconds(100));
  const std::string text = Metrics(Sum({&one, &other}), "1").Text();
  for (const char* line : {"semel_serve_requests_total{status=\"200\"} 7\n",
                           "semel_serve_requests_total{status=\"503\"} 1\n",
                           "semel_serve_events_total{result=\"accepted\"} 5\n",
                           "semel_serve_events_total{result=\"retry\"} 6\n",
                           "semel_serve_request_duration_seconds_bucket{le=\"0.005\"} 1\n",
                           "semel_serve_request_duration_seconds_bucket{le=\"+Inf\"} 2\n"})
    EXPECT_THAT(text, HasSubstr(line));
}

TEST(ServeView, TellsThePage) {
  ServeTotals totals{.requests = {{200, 5}, {400, 2}},
                     .events = {7, 1, 2, 3},
                     .bytes = 10,
                     .in_flight = 3,
                     .connections = 4,
                     .turned_away = 1,
                     .events_in_flight = 8,
                     .bytes_in_flight = 9,
                     .remembered = 6,
                     .ready = true,
                     .memory_failing = true};
  totals.durations[1] = 7;
  Endpoint endpoint;
  endpoint.path = "/v1/events";
  endpoint.topic = "orders";
  const auto view = ServeView([totals] { return totals; },
                              {.endpoints = {endpoint}, .edge_memory = "local", .version = "1"});
  nlohmann::json status = view.status();
  EXPECT_EQ(status["durations"]["bounds"].size() + 1, status["durations"]["counts"].size());
  EXPECT_EQ(status["durations"]["counts"][1], 7);
  status.erase("durations");
  EXPECT_EQ(status, nlohmann::json::parse(R"({"kind":"serve","ready":true,"draining":false,
      "endpoints":[{"path":"/v1/events","topic":"orders"}],"requests":{"200":5,"400":2},
      "requests_in_flight":3,"connections":4,"turned_away":1,"bytes":10,
      "events":{"accepted":7,"duplicate":1,"rejected":2,"retry":3},
      "edge_memory":{"kind":"local","entries":6,"failing":true},
      "kafka":{"events_in_flight":8,"bytes_in_flight":9,"failing":false}})"));
}

TEST(ServeView, IsNotReadyBeforeAndAfter) {
  const auto readiness = [](const ServeTotals& totals) {
    const auto view = ServeView([totals] { return totals; }, {});
    return std::pair(view.readiness().ready, view.readiness().json);
  };
  EXPECT_EQ(readiness({}), std::pair(false, std::string(R"({"ready":false})")));
  EXPECT_EQ(readiness({.ready = true, .kafka_failing = true}),
            std::pair(true, std::string(R"({"ready":true,"kafka":"failing","edge_memory":"ok"})")));
  EXPECT_EQ(
      readiness({.draining = true}),
      std::pair(false,
                std::string(R"({"ready":false,"draining":true,"kafka":"ok","edge_memory":"ok"})")));
}

}  // namespace
}  // namespace semel::ingest
