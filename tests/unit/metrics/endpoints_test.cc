#include "metrics/endpoints.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/metrics/example_snapshot.h"
#include "tests/unit/metrics/metrics_page.h"

namespace semel::metrics {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

class NoLog final : public Logger {
 public:
  void Write(LogLevel /*level*/, std::string_view /*message*/,
             std::initializer_list<LogField> /*fields*/) override {}
};

class EndpointsTest : public ::testing::Test {
 protected:
  PipelineView Dedup(const std::string& name, bool ready) const {
    PipelineView view = DedupView(
        [ready] {
          Snapshot snapshot = ExampleSnapshot();
          if (ready) snapshot.lanes[1].partitions[0].phase = Phase::kServing;
          return snapshot;
        },
        "1.2.3");
    view.name = name;
    return view;
  }
  PipelineView Sink(const std::string& name) const {
    PipelineView view = SinkView([] { return SinkExampleSnapshot(); }, "semel.orders", "1.2.3");
    view.name = name;
    return view;
  }
  HttpAnswer Ask(const std::string& path, std::vector<PipelineView> pipelines) const {
    return Endpoints(std::move(pipelines), log_, "1.2.3").at(path)();
  }

 private:
  NoLog nothing_;
  SystemClock clock_;
  RecentLog log_{nothing_, clock_};
};

std::size_t Times(const std::string& text, const std::string& part) {
  std::size_t times = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++times;
  return times;
}

TEST_F(EndpointsTest, OneJobHasNoName) {
  EXPECT_THAT(Ask("/metrics", {Dedup("", true)}).body, Not(HasSubstr("pipeline=")));
  EXPECT_FALSE(
      json::parse(Ask("/status.json", {Dedup("", true)}).body)["pipelines"][0].contains("name"));
  EXPECT_EQ(json::parse(Ask("/readyz", {Dedup("", true)}).body)["ready"], true);
}

TEST_F(EndpointsTest, EverySeriesSaysWhoseItIs) {
  const std::string text = Ask("/metrics", {Dedup("once", true), Sink("table")}).body;
  EXPECT_THAT(text, HasSubstr(R"(semel_ready{pipeline="once",topic="orders"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_ready{pipeline="table",topic="orders"} 1)"));
  EXPECT_EQ(Times(text, "\nsemel_"), Times(text, R"({pipeline=")"));
}

// Prometheus refuses a page on which a family is there twice.
TEST_F(EndpointsTest, AFamilyIsThereOnce) {
  const std::string text = Ask("/metrics", {Dedup("once", true), Sink("table")}).body;
  for (const std::string& name : MetricsIn(text))
    EXPECT_EQ(Times(text, "# TYPE " + name + " "), 1U) << name;
}

TEST_F(EndpointsTest, ReadyWhenAllAre) {
  const HttpAnswer ready = Ask("/readyz", {Dedup("once", true), Sink("table")});
  EXPECT_EQ(ready.status, 200U);
  const HttpAnswer waiting = Ask("/readyz", {Dedup("once", false), Sink("table")});
  EXPECT_EQ(waiting.status, 503U);
  const json answer = json::parse(waiting.body);
  EXPECT_EQ(answer["ready"], false);
  EXPECT_EQ(answer["pipelines"]["once"]["ready"], false);
  EXPECT_EQ(answer["pipelines"]["once"]["restoring"][0]["partition"], 1);
  EXPECT_EQ(answer["pipelines"]["table"]["ready"], true);
}

TEST_F(EndpointsTest, ThePageIsToldOfAll) {
  const json status = json::parse(Ask("/status.json", {Dedup("once", true), Sink("table")}).body);
  ASSERT_EQ(status["pipelines"].size(), 2U);
  EXPECT_EQ(status["pipelines"][0]["name"], "once");
  EXPECT_EQ(status["pipelines"][0]["kind"], "dedup");
  EXPECT_EQ(status["pipelines"][1]["name"], "table");
  EXPECT_EQ(status["pipelines"][1]["kind"], "sink");
}

}  // namespace
}  // namespace semel::metrics
