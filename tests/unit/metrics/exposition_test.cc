#include "metrics/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "metrics/sink_exposition.h"
#include "tests/unit/metrics/example_snapshot.h"
#include "tests/unit/metrics/expect_answers.h"
#include "tests/unit/metrics/metrics_page.h"

namespace semel::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(PrometheusText, HasEveryOutcomeOfEveryPartition) {
  const std::string text = Metrics(ExampleSnapshot(), "1.2.3").Text();
  const std::string of_0 = R"(semel_records_total{topic="orders",partition="0",outcome=)";
  EXPECT_THAT(text, HasSubstr(of_0 + "\"unique\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(of_0 + "\"duplicate\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(of_0 + "\"missing\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(of_0 + "\"invalid\"} 4\n"));
  EXPECT_THAT(text, HasSubstr(of_0 + "\"late\"} 5\n"));
  EXPECT_THAT(text, HasSubstr(of_0 + "\"rejected\"} 6\n"));
  EXPECT_THAT(text, HasSubstr(R"(semel_records_read_total{topic="orders",partition="0"} 21)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_records_read_total{topic="orders",partition="2"} 8)"));
  EXPECT_THAT(text, HasSubstr("# TYPE semel_records_total counter\n"));
}

TEST(PrometheusText, ShowsLagOnlyOfPartitionsThatAreOurs) {
  const std::string text = Metrics(ExampleSnapshot(), "1.2.3").Text();
  EXPECT_THAT(text, HasSubstr(R"(semel_lag{topic="orders",partition="0"} 9)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_blocked{topic="orders",partition="0"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_seen_set_failing{topic="orders",partition="0"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_restoring{topic="orders",partition="1"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_restore_entries{topic="orders",partition="1"} 12)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_restore_remaining{topic="orders",partition="1"} 60)"));
  EXPECT_THAT(text, Not(HasSubstr(R"(semel_lag{topic="orders",partition="2"})")));
}

TEST(PrometheusText, ShowsTheSeenSetAndTheProcess) {
  const std::string text = Metrics(ExampleSnapshot(), "1.2.3").Text();
  EXPECT_THAT(text, HasSubstr(R"(semel_seen_set_bytes{topic="orders",partition="0"} 4000)"));
  EXPECT_THAT(text, HasSubstr("semel_seen_set_oldest_timestamp_seconds{topic=\"orders\","
                              "partition=\"0\"} 1700000000.5\n"));
  EXPECT_THAT(text, HasSubstr(R"(semel_window_seconds{topic="orders"} 604800)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_ready{topic="orders"} 0)"));
  EXPECT_THAT(
      text,
      HasSubstr(R"(semel_build_info{topic="orders",group="semel.orders",version="1.2.3"} 1)"));
}

TEST(PrometheusText, AddsUpTheLanesTransactions) {
  const std::string text = Metrics(ExampleSnapshot(), "1.2.3").Text();
  EXPECT_THAT(text, HasSubstr(R"(semel_transactions_total{topic="orders",result="committed"} 10)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_transactions_total{topic="orders",result="unknown"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_spread_copies_estimated_total{topic="orders"} 8192)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_snapshots_total{topic="orders",result="written"} 6)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_snapshots_total{topic="orders",result="failed"} 5)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_producer_replacements_total{topic="orders"} 3)"));
  const std::string bucket = R"(semel_commit_duration_seconds_bucket{topic="orders",le=)";
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.01\"} 0\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"0.025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"15\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(bucket + "\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr(R"(semel_commit_duration_seconds_count{topic="orders"} 3)"));
}

TEST(PrometheusText, HasExactlyTheDocumentedNames) {
  EXPECT_EQ(MetricsIn(Metrics(ExampleSnapshot(), "1.2.3").Text()), DocumentedMetrics("dedup"));
  EXPECT_EQ(MetricsIn(Metrics(SinkExampleSnapshot(), "1.2.3").Text()), DocumentedMetrics("sink"));
}

TEST(PrometheusText, HasWhatAlertsAndDashboardsAskFor) {
  const std::string text = Metrics(ExampleSnapshot(), "1.2.3").Text();
  ExpectAnswers(text, Alerts("semel"), 10);
  ExpectAnswers(Metrics(SinkExampleSnapshot(), "1.2.3").Text(), Alerts("semel-sink"), 2);
  // In JSON a quote is \".
  ExpectAnswers(
      text,
      std::regex_replace(FileText(SEMEL_DEPLOY "/grafana/semel.json"), std::regex(R"(\\")"), "\""),
      10);
}

TEST(PrometheusText, HasWhatItsPageSpeaksOf) {
  ExpectAnswers(Metrics(ExampleSnapshot(), "1.2.3").Text(), MetricsPage("dedup"), 10);
  ExpectAnswers(Metrics(SinkExampleSnapshot(), "1.2.3").Text(), MetricsPage("sink"), 9);
}

TEST(PrometheusText, ShowsWhatASinkCounts) {
  const std::string text = Metrics(SinkExampleSnapshot(), "1.2.3").Text();
  const std::string records =
      R"(semel_sink_records_total{topic="orders",table="\"shop\"",outcome=)";
  EXPECT_THAT(text, HasSubstr(records + "\"row\"} 15\n"));
  EXPECT_THAT(text, HasSubstr(records + "\"duplicate\"} 4\n"));
  EXPECT_THAT(text, HasSubstr(records + "\"invalid\"} 2\n"));
  EXPECT_THAT(text, HasSubstr(R"(semel_records_read_total{topic="orders",partition="0"} 21)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_lag{topic="orders",partition="0"} 9)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_transactions_total{topic="orders",result="committed"} 7)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_transactions_total{topic="orders",result="aborted"} 3)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_transactions_total{topic="orders",result="unknown"} 2)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_fenced_total{topic="orders"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_ready{topic="orders"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_build_info{topic="orders",version="1.2.3"} 1)"));
  SinkSnapshot lost = SinkExampleSnapshot();
  lost.connected = false;
  EXPECT_THAT(Metrics(lost, "").Text(), HasSubstr(R"(semel_ready{topic="orders"} 0)"));
}

// Each metric is on the dashboard.
TEST(PrometheusText, IsShownAsAWhole) {
  const std::string dashboard = FileText(SEMEL_DEPLOY "/grafana/semel.json");
  for (const std::string& name : MetricsIn(Metrics(ExampleSnapshot(), "").Text()))
    EXPECT_THAT(dashboard, HasSubstr(name));
}

TEST(ReadinessJson, NamesWhatIsBeingRestored) {
  EXPECT_EQ(ReadinessJson(ExampleSnapshot()),
            R"({"ready":false,"joined":true,"seen_set":"failing","restoring":)"
            R"([{"partition":1,"entries":12,"remaining":60}]})");
}

}  // namespace
}  // namespace semel::metrics
