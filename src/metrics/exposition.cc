#include "metrics/exposition.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

namespace semel::metrics {
namespace {

using prometheus::MetricType;
constexpr std::uint64_t kSpreadSampling = 4096;  // of pipeline::SpreadDetector

Labels Of(const PartitionSnapshot& part) { return {{"partition", std::to_string(part.partition)}}; }

std::int64_t RestoreRemaining(const PartitionSnapshot& part) {
  return std::max<std::int64_t>(0, part.restore_end - part.restore_position);
}

void AddRecords(MetricFamilies& out, const std::vector<PartitionSnapshot>& partitions) {
  out.Family("records_read_total", MetricType::Counter,
             "Input records whose transaction was committed");
  for (const auto& part : partitions) out.Value(part.read, Of(part));

  out.Family("records_total", MetricType::Counter,
             "Committed input records by what was decided; the outcomes add up to "
             "semel_records_read_total");
  for (const auto& part : partitions) {
    const auto outcome = [&](const char* name, std::uint64_t count) {
      out.Value(count, {{"partition", std::to_string(part.partition)}, {"outcome", name}});
    };
    outcome("unique", part.unique);
    outcome("duplicate", part.duplicates);
    outcome("missing", part.missing);
    outcome("invalid", part.invalid);
    outcome("late", part.late);
    outcome("rejected", part.rejected);
  }
}

/// Of partitions that this process owns: for others these numbers are no longer kept up to date.
void AddInput(MetricFamilies& out, const std::vector<PartitionSnapshot>& owned) {
  out.Family("lag", MetricType::Gauge, "Input offsets not yet committed");
  for (const auto& part : owned) out.Value(part.Lag(), Of(part));

  out.Family("blocked", MetricType::Gauge,
             "1 while the next input lies behind another producer's open transaction");
  for (const auto& part : owned) out.Value(part.blocked ? 1 : 0, Of(part));

  out.Family("seen_set_failing", MetricType::Gauge,
             "1 while the Redis of --seen does not answer, so that nothing is processed");
  for (const auto& part : owned) out.Value(part.seen_set_failing ? 1 : 0, Of(part));

  out.Family("restoring", MetricType::Gauge,
             "1 while the seen-set of the partition is being read back");
  for (const auto& part : owned) out.Value(part.phase == Phase::kRestoring ? 1 : 0, Of(part));

  out.Family("restore_entries", MetricType::Gauge,
             "Fingerprints read back from the changelog by the last restore");
  for (const auto& part : owned) out.Value(part.restored_entries, Of(part));

  out.Family("restore_remaining", MetricType::Gauge, "Changelog offsets left to read back");
  for (const auto& part : owned) out.Value(RestoreRemaining(part), Of(part));
}

void AddSeenSet(MetricFamilies& out, const std::vector<PartitionSnapshot>& partitions) {
  out.Family("seen_set_entries", MetricType::Gauge, "Fingerprints remembered");
  for (const auto& part : partitions) out.Value(part.entries, Of(part));

  out.Family("seen_set_bytes", MetricType::Gauge, "Memory that the fingerprints take");
  for (const auto& part : partitions) out.Value(part.bytes, Of(part));

  out.Family("seen_set_oldest_timestamp_seconds", MetricType::Gauge,
             "Record time of the oldest fingerprint remembered, since the epoch");
  for (const auto& part : partitions) {
    if (part.oldest_ms >= 0) out.Value(static_cast<double>(part.oldest_ms) / 1000.0, Of(part));
  }
}

void AddCommitDurations(MetricFamilies& out, const std::vector<LaneSnapshot>& lanes) {
  out.Family("commit_duration_seconds", MetricType::Histogram,
             "How long the commit of a transaction took");
  auto& histogram = out.Series({}).histogram;
  for (std::size_t i = 0; i <= CommitDurations::kBounds.size(); ++i) {
    for (const auto& lane : lanes) histogram.sample_count += lane.commit_durations.counts[i];
    const double bound = i < CommitDurations::kBounds.size()
                             ? CommitDurations::kBounds[i]
                             : std::numeric_limits<double>::infinity();
    histogram.bucket.push_back({histogram.sample_count, bound});
  }
  for (const auto& lane : lanes) histogram.sample_sum += lane.commit_durations.sum_seconds;
}

void AddTransactions(MetricFamilies& out, const std::vector<LaneSnapshot>& lanes) {
  const auto sum = [&](std::uint64_t LaneSnapshot::*count) {
    std::uint64_t total = 0;
    for (const auto& lane : lanes) total += lane.*count;
    return total;
  };
  out.Family("transactions_total", MetricType::Counter, "Transactions by how their commit ended");
  out.Value(sum(&LaneSnapshot::transactions_committed), {{"result", "committed"}});
  out.Value(sum(&LaneSnapshot::transactions_aborted), {{"result", "aborted"}});
  out.Value(sum(&LaneSnapshot::transactions_unknown), {{"result", "unknown"}});

  out.Family("producer_replacements_total", MetricType::Counter,
             "Producers replaced because a late request could have decided a later transaction");
  out.Value(sum(&LaneSnapshot::producer_replacements), {});

  out.Family("spread_copies_estimated_total", MetricType::Counter,
             "Copies of events that came in another partition than the first one, and so were not "
             "recognised: one in 4096 is counted as 4096");
  out.Value(sum(&LaneSnapshot::spread_copies_sampled) * kSpreadSampling, {});

  out.Family("snapshots_total", MetricType::Counter,
             "Snapshots of seen-sets in --state-dir by how writing them ended");
  out.Value(sum(&LaneSnapshot::snapshots_written), {{"result", "written"}});
  out.Value(sum(&LaneSnapshot::snapshots_failed), {{"result", "failed"}});

  out.Family("fenced_total", MetricType::Counter,
             "How often another process took over a lane's transactional id");
  out.Value(sum(&LaneSnapshot::fenced), {});

  AddCommitDurations(out, lanes);
}

void AddProcess(MetricFamilies& out, const Snapshot& snapshot, const std::string& version) {
  out.Family("window_seconds", MetricType::Gauge, "How long a fingerprint is remembered");
  out.Value(static_cast<double>(snapshot.window_ms) / 1000.0, {});
  out.Family("ready", MetricType::Gauge, "1 when every assigned partition is restored");
  out.Value(Ready(snapshot) ? 1 : 0, {});
  out.Family("build_info", MetricType::Gauge, "Always 1; says which version runs for which group");
  out.Value(1, {{"group", snapshot.group}, {"version", version}});
}

}  // namespace

MetricFamilies Metrics(const Snapshot& snapshot, const std::string& version) {
  const std::vector<PartitionSnapshot> partitions = ByPartition(snapshot);
  std::vector<PartitionSnapshot> owned = partitions;
  std::erase_if(owned, [](const auto& part) { return part.phase == Phase::kParked; });

  MetricFamilies out(snapshot.topic);
  AddRecords(out, partitions);
  AddInput(out, owned);
  AddSeenSet(out, partitions);
  AddTransactions(out, snapshot.lanes);
  AddProcess(out, snapshot, version);
  return out;
}

std::string ReadinessJson(const Snapshot& snapshot) {
  auto restoring = nlohmann::ordered_json::array();
  bool failing = false;
  for (const auto& part : ByPartition(snapshot)) {
    failing = failing || part.seen_set_failing;
    if (part.phase != Phase::kRestoring) continue;
    restoring.push_back({{"partition", part.partition},
                         {"entries", part.restored_entries},
                         {"remaining", RestoreRemaining(part)}});
  }
  const nlohmann::ordered_json answer{
      {"ready", Ready(snapshot)},
      {"joined", std::ranges::all_of(snapshot.lanes, &LaneSnapshot::joined)},
      {"seen_set", failing ? "failing" : "ok"},
      {"restoring", std::move(restoring)}};
  return answer.dump();
}

}  // namespace semel::metrics
