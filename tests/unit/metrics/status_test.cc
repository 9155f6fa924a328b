#include "metrics/status.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/metrics/example_snapshot.h"
#include "tests/unit/metrics/metrics_page.h"

namespace semel::metrics {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

json Status(const Snapshot& snapshot, const ProcessStatus& process = {}) {
  return json::parse(StatusJson(nlohmann::ordered_json::array({DedupStatus(snapshot)}), process));
}

TEST(StatusJson, SaysWhatTheJobIs) {
  const json status = Status(ExampleSnapshot(),
                             {.version = "1.2.3", .now_ms = 17, .uptime = std::chrono::seconds(5)});
  EXPECT_EQ(status["version"], "1.2.3");
  EXPECT_EQ(status["now_ms"], 17);
  EXPECT_EQ(status["uptime_ms"], 5000);
  ASSERT_EQ(status["pipelines"].size(), 1U);
  const json& job = status["pipelines"][0];
  EXPECT_EQ(job["kind"], "dedup");
  EXPECT_EQ(job["dry_run"], false);
  EXPECT_EQ(job["ready"], false);
  EXPECT_EQ(job["joined"], true);
  EXPECT_EQ(job["from"], "orders");
  EXPECT_EQ(job["to"], "orders.unique");
  EXPECT_EQ(job["group"], "semel.orders");
  EXPECT_EQ(job["key"], json({"json:/order_id", "header:tenant"}));
  EXPECT_EQ(job["fingerprint_bits"], 256);
  EXPECT_EQ(job["window_ms"], 604'800'000);
  EXPECT_EQ(job["memory_limit_bytes"], 1'000'000);
  json transactions = job["transactions"];
  EXPECT_DOUBLE_EQ(transactions["commit_seconds"], 20.22);
  transactions.erase("commit_seconds");
  EXPECT_EQ(transactions, json::parse(R"({"committed":10,"aborted":1,"unknown":2,
      "producer_replacements":3,"fenced":1,"commit_count":3})"));
}

TEST(StatusJson, HasEveryFigureOfAPartition) {
  Snapshot snapshot = ExampleSnapshot();
  snapshot.lanes[0].partitions[0].position = 9'007'199'254'740'991;
  snapshot.lanes[0].partitions[0].end = 9'007'199'254'740'999;
  const json partitions = Status(snapshot)["pipelines"][0]["partitions"];
  ASSERT_EQ(partitions.size(), 3U);
  EXPECT_EQ(partitions[0], json::parse(R"({"partition":0,"lane":0,"state":"serving","read":21,
      "unique":1,"duplicate":2,"missing":3,"invalid":4,"late":5,"rejected":6,
      "position":9007199254740991,"end":9007199254740999,"lag":8,"blocked":true,"seen_set_failing":true,
      "entries":100,"bytes":4000,"oldest_ms":1700000000500,
      "restore":{"entries":0,"position":null,"end":null}})"));
  EXPECT_EQ(partitions[1]["state"], "restoring");
  EXPECT_EQ(partitions[1]["restore"], json::parse(R"({"entries":12,"position":40,"end":100})"));
  EXPECT_EQ(partitions[1]["position"], nullptr) << "not known is not -1";
  EXPECT_EQ(partitions[1]["oldest_ms"], nullptr);
  EXPECT_EQ(partitions[2]["state"], "parked");
}

TEST(StatusJson, HasEveryFigureOfASink) {
  SinkSnapshot snapshot = SinkExampleSnapshot();
  const json sink = json::parse(SinkStatus(snapshot, "g").dump());
  EXPECT_EQ(sink["kind"], "sink");
  EXPECT_EQ(sink["from"], snapshot.topic);
  EXPECT_EQ(sink["table"], snapshot.table);
  EXPECT_EQ(sink["group"], "g");
  EXPECT_EQ(sink["ready"], snapshot.Ready());
  EXPECT_EQ(sink["read"], snapshot.read);
  EXPECT_EQ(sink["rows"], snapshot.rows);
  EXPECT_EQ(sink["duplicates"], snapshot.duplicates);
  EXPECT_EQ(sink["invalid"], snapshot.invalid);
  EXPECT_EQ(sink["transactions"]["rolled_back"], snapshot.rolled_back);
  EXPECT_EQ(sink["transactions"]["commit_count"], snapshot.commit_durations.Count());
  ASSERT_EQ(sink["partitions"].size(), snapshot.partitions.size());
  EXPECT_EQ(sink["partitions"][0]["lag"], snapshot.partitions[0].Lag());
}

TEST(StatusJson, CarriesAnyTextOfTheLog) {
  const std::string hostile = "<script>alert(\"1\")</script>\n\\ \x01 \xFF\xC3";
  const json status = Status({}, {.problems = {{.at_ms = 1,
                                                .times = 7,
                                                .level = LogLevel::kWarning,
                                                .message = hostile,
                                                .fields = {{"error", hostile}}},
                                               {.at_ms = 2, .message = "last"}}});
  const std::string repaired = "<script>alert(\"1\")</script>\n\\ \x01 \xEF\xBF\xBD\xEF\xBF\xBD";
  EXPECT_EQ(status["problems"][0], (json{{"at_ms", 1},
                                         {"times", 7},
                                         {"level", "warning"},
                                         {"message", repaired},
                                         {"fields", {{"error", repaired}}}}));
  EXPECT_EQ(status["problems"][1]["level"], "error");
}

void CollectNames(const json& value, std::set<std::string>& names) {
  for (const auto& [name, member] : value.items()) {
    if (value.is_object()) names.insert(name);
    if (member.is_structured()) CollectNames(member, names);
  }
}

TEST(StatusJson, IsDocumented) {
  const std::string page = MetricsPage("dedup");
  std::set<std::string> names;
  CollectNames(Status(ExampleSnapshot(), {.problems = {{}}}), names);
  EXPECT_GE(names.size(), 40U);
  for (const std::string& name : names) EXPECT_THAT(page, HasSubstr("`" + name + "`"));
  std::set<std::string> sink;
  CollectNames(json::parse(SinkStatus(SinkExampleSnapshot(), "g").dump()), sink);
  for (const std::string& name : sink)
    EXPECT_THAT(MetricsPage("sink") + page, HasSubstr("`" + name + "`"));
}

}  // namespace
}  // namespace semel::metrics
