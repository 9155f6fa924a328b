#include "metrics/exposition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>

namespace semel::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Snapshot Example() {
  Snapshot snapshot{.group = "semel.orders", .topic = "orders", .window_ms = 604'800'000};
  snapshot.lanes.push_back({.lane = 0,
                            .joined = true,
                            .transactions_committed = 4,
                            .transactions_aborted = 1,
                            .transactions_unknown = 2,
                            .producer_replacements = 3,
                            .fenced = 1,
                            .spread_copies_sampled = 2,
                            .snapshots_written = 6,
                            .snapshots_failed = 5,
                            .partitions = {{.partition = 0,
                                            .phase = Phase::kServing,
                                            .read = 21,
                                            .unique = 1,
                                            .duplicates = 2,
                                            .missing = 3,
                                            .invalid = 4,
                                            .late = 5,
                                            .rejected = 6,
                                            .position = 21,
                                            .end = 30,
                                            .blocked = true,
                                            .entries = 100,
                                            .bytes = 4000,
                                            .oldest_ms = 1'700'000'000'500}}});
  snapshot.lanes.push_back(
      {.lane = 1,
       .joined = true,
       .transactions_committed = 6,
       .partitions = {
           {.partition = 1,
            .lane = 1,
            .phase = Phase::kRestoring,
            .restored_entries = 12,
            .restore_position = 40,
            .restore_end = 100},
           {.partition = 2, .lane = 1, .phase = Phase::kParked, .read = 8, .unique = 8}}});
  snapshot.lanes[0].commit_durations.Add(0.02);
  snapshot.lanes[1].commit_durations.Add(0.2);
  snapshot.lanes[1].commit_durations.Add(20);
  return snapshot;
}

TEST(PrometheusText, HasEveryOutcomeOfEveryPartition) {
  const std::string text = PrometheusText(Example(), "1.2.3");
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
  const std::string text = PrometheusText(Example(), "1.2.3");
  EXPECT_THAT(text, HasSubstr(R"(semel_lag{topic="orders",partition="0"} 9)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_blocked{topic="orders",partition="0"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_restoring{topic="orders",partition="1"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_restore_entries{topic="orders",partition="1"} 12)"));
  EXPECT_THAT(text, HasSubstr(R"(semel_restore_remaining{topic="orders",partition="1"} 60)"));
  EXPECT_THAT(text, Not(HasSubstr(R"(semel_lag{topic="orders",partition="2"})")));
}

TEST(PrometheusText, ShowsTheSeenSetAndTheProcess) {
  const std::string text = PrometheusText(Example(), "1.2.3");
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
  const std::string text = PrometheusText(Example(), "1.2.3");
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

std::set<std::string> Matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
    found.insert((*at)[1]);
  return found;
}

std::string FileText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

TEST(PrometheusText, HasExactlyTheDocumentedNames) {
  EXPECT_EQ(Matches(PrometheusText(Example(), "1.2.3"), "# TYPE (semel_[a-z_]+) "),
            Matches(FileText(SEMEL_METRICS_PAGE), R"(\| `(semel_[a-z_]+)` \|)"));
}

// Names and labels that are asked for exist; a query for others would be empty without a word.
TEST(PrometheusText, HasWhatAlertsAndDashboardsAskFor) {
  const std::string text = PrometheusText(Example(), "1.2.3");
  const std::set<std::string> series = Matches(text, R"((?:^|\n)(semel_[a-z_]+)[{ ])");
  const std::set<std::string> pairs = Matches(text, R"re(([a-z]+="[a-z]+"))re");
  for (const std::string file : {SEMEL_METRICS_PAGE, SEMEL_DEPLOY "/prometheus/alerts.yml",
                                 SEMEL_DEPLOY "/grafana/semel.json"}) {
    // "semel_restor..." is prose; in JSON a quote is \".
    const std::string asked = std::regex_replace(FileText(file), std::regex(R"(\\")"), "\"");
    const auto names = Matches(asked, R"((semel_[a-z_]+)(?:[^a-z_.]|\.[^.]))");
    EXPECT_GE(names.size(), 10U) << file;
    for (const std::string& name : names)
      EXPECT_TRUE(series.contains(name) || series.contains(name + "_bucket"))
          << file << ": " << name;
    for (const std::string& pair : Matches(asked, R"re(((?:result|outcome)="[a-z]+"))re"))
      EXPECT_TRUE(pairs.contains(pair)) << file << ": " << pair;
    for (const std::string& either : Matches(asked, R"re((?:result|outcome)=~"([a-z|\\]+)")re"))
      for (const std::string& value : Matches(either, "([a-z]+)"))
        EXPECT_THAT(text, HasSubstr("=\"" + value + "\"")) << file << ": " << value;
  }
}

// Each metric is on the dashboard.
TEST(PrometheusText, IsShownAsAWhole) {
  const std::string dashboard = FileText(SEMEL_DEPLOY "/grafana/semel.json");
  for (const std::string& name : Matches(PrometheusText(Example(), ""), "# TYPE (semel_[a-z_]+) "))
    EXPECT_THAT(dashboard, HasSubstr(name));
}

TEST(ReadinessJson, NamesWhatIsBeingRestored) {
  EXPECT_EQ(ReadinessJson(Example()), R"({"ready":false,"joined":true,"restoring":)"
                                      R"([{"partition":1,"entries":12,"remaining":60}]})"
                                      "\n");
}

}  // namespace
}  // namespace semel::metrics
