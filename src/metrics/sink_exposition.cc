#include "metrics/sink_exposition.h"

#include <limits>
#include <nlohmann/json.hpp>

namespace semel::metrics {
namespace {

using prometheus::MetricType;

void AddPartitions(MetricFamilies& out, const SinkSnapshot& snapshot) {
  const auto of = [](const SinkPartition& part) {
    return Labels{{"partition", std::to_string(part.partition)}};
  };
  out.Family("records_read_total", MetricType::Counter,
             "Input records whose transaction was committed");
  for (const auto& part : snapshot.partitions) out.Value(part.read, of(part));
  out.Family("lag", MetricType::Gauge, "Input offsets not yet committed");
  for (const auto& part : snapshot.partitions) out.Value(part.Lag(), of(part));
}

void AddRecords(MetricFamilies& out, const SinkSnapshot& snapshot) {
  out.Family("sink_records_total", MetricType::Counter,
             "Committed input records by what became of them");
  out.Value(snapshot.rows, {{"table", snapshot.table}, {"outcome", "row"}});
  out.Value(snapshot.duplicates, {{"table", snapshot.table}, {"outcome", "duplicate"}});
  out.Value(snapshot.invalid, {{"table", snapshot.table}, {"outcome", "invalid"}});
}

void AddTransactions(MetricFamilies& out, const SinkSnapshot& snapshot) {
  out.Family("transactions_total", MetricType::Counter, "Transactions by how their commit ended");
  out.Value(snapshot.committed, {{"result", "committed"}});
  out.Value(snapshot.rolled_back, {{"result", "aborted"}});
  out.Value(snapshot.unknown, {{"result", "unknown"}});
  out.Family("fenced_total", MetricType::Counter,
             "Transactions refused because somebody else had moved a position");
  out.Value(snapshot.fenced, {});

  out.Family("commit_duration_seconds", MetricType::Histogram,
             "How long the end of a transaction took, from the last row to the server's answer");
  auto& histogram = out.Series({}).histogram;
  for (std::size_t i = 0; i <= CommitDurations::kBounds.size(); ++i) {
    histogram.sample_count += snapshot.commit_durations.counts[i];
    const double bound = i < CommitDurations::kBounds.size()
                             ? CommitDurations::kBounds[i]
                             : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  histogram.sample_sum = snapshot.commit_durations.sum_seconds;
}

void AddProcess(MetricFamilies& out, const SinkSnapshot& snapshot, const std::string& version) {
  out.Family("sink_connected", MetricType::Gauge, "1 while there is a session with the database");
  out.Value(snapshot.connected ? 1 : 0, {{"table", snapshot.table}});
  out.Family("ready", MetricType::Gauge, "1 when all partitions of this process are served");
  out.Value(snapshot.Ready() ? 1 : 0, {});
  out.Family("build_info", MetricType::Gauge, "Constant 1; the version is the label");
  out.Value(1, {{"version", version}});
}

}  // namespace

MetricFamilies Metrics(const SinkSnapshot& snapshot, const std::string& version) {
  MetricFamilies out(snapshot.topic);
  AddPartitions(out, snapshot);
  AddRecords(out, snapshot);
  AddTransactions(out, snapshot);
  AddProcess(out, snapshot, version);
  return out;
}

std::string ReadinessJson(const SinkSnapshot& snapshot) {
  const nlohmann::ordered_json answer{{"ready", snapshot.Ready()},
                                      {"joined", snapshot.joined},
                                      {"connected", snapshot.connected},
                                      {"fetching", snapshot.fetching}};
  return answer.dump();
}

}  // namespace semel::metrics
