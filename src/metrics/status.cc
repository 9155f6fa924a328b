#include "metrics/status.h"

#include <nlohmann/json.hpp>

namespace semel::metrics {
namespace {

using Json = nlohmann::ordered_json;

const char* Name(Phase phase) {
  switch (phase) {
    case Phase::kRestoring:
      return "restoring";
    case Phase::kServing:
      return "serving";
    case Phase::kParked:
      return "parked";
  }
  return "parked";
}

Json OrNull(std::int64_t known) { return known < 0 ? Json() : Json(known); }

Json PartitionStatus(const PartitionSnapshot& part) {
  return {{"partition", part.partition},
          {"lane", part.lane},
          {"state", Name(part.phase)},
          {"read", part.read},
          {"unique", part.unique},
          {"duplicate", part.duplicates},
          {"missing", part.missing},
          {"invalid", part.invalid},
          {"late", part.late},
          {"rejected", part.rejected},
          {"position", OrNull(part.position)},
          {"end", OrNull(part.end)},
          {"lag", part.Lag()},
          {"blocked", part.blocked},
          {"seen_set_failing", part.seen_set_failing},
          {"entries", part.entries},
          {"bytes", part.bytes},
          {"oldest_ms", OrNull(part.oldest_ms)},
          {"restore",
           {{"entries", part.restored_entries},
            {"position", OrNull(part.restore_position)},
            {"end", OrNull(part.restore_end)}}}};
}

/// The lanes' counts, added up.
Json TransactionStatus(const std::vector<LaneSnapshot>& lanes) {
  LaneSnapshot sum;
  std::uint64_t commits = 0;
  for (const LaneSnapshot& lane : lanes) {
    sum.transactions_committed += lane.transactions_committed;
    sum.transactions_aborted += lane.transactions_aborted;
    sum.transactions_unknown += lane.transactions_unknown;
    sum.producer_replacements += lane.producer_replacements;
    sum.fenced += lane.fenced;
    sum.commit_durations.sum_seconds += lane.commit_durations.sum_seconds;
    commits += lane.commit_durations.Count();
  }
  return {{"committed", sum.transactions_committed},
          {"aborted", sum.transactions_aborted},
          {"unknown", sum.transactions_unknown},
          {"producer_replacements", sum.producer_replacements},
          {"fenced", sum.fenced},
          {"commit_count", commits},
          {"commit_seconds", sum.commit_durations.sum_seconds}};
}

}  // namespace

Json DedupStatus(const Snapshot& snapshot) {
  Json partitions = Json::array();
  for (const PartitionSnapshot& part : ByPartition(snapshot))
    partitions.push_back(PartitionStatus(part));
  return {{"kind", "dedup"},
          {"dry_run", snapshot.dry_run},
          {"ready", Ready(snapshot)},
          {"joined", std::ranges::all_of(snapshot.lanes, &LaneSnapshot::joined)},
          {"from", snapshot.topic},
          {"to", snapshot.output},
          {"group", snapshot.group},
          {"key", snapshot.key},
          {"fingerprint_bits", snapshot.fingerprint_bits},
          {"window_ms", snapshot.window_ms},
          {"memory_limit_bytes", snapshot.memory_limit_bytes},
          {"transactions", TransactionStatus(snapshot.lanes)},
          {"partitions", std::move(partitions)}};
}

Json SinkStatus(const SinkSnapshot& snapshot, const std::string& group) {
  Json partitions = Json::array();
  for (const SinkPartition& part : snapshot.partitions)
    partitions.push_back({{"partition", part.partition},
                          {"read", part.read},
                          {"position", OrNull(part.position)},
                          {"end", OrNull(part.end)},
                          {"lag", part.Lag()}});
  return {{"kind", "sink"},
          {"ready", snapshot.Ready()},
          {"joined", snapshot.joined},
          {"connected", snapshot.connected},
          {"fetching", snapshot.fetching},
          {"from", snapshot.topic},
          {"table", snapshot.table},
          {"group", group},
          {"read", snapshot.read},
          {"rows", snapshot.rows},
          {"duplicates", snapshot.duplicates},
          {"invalid", snapshot.invalid},
          {"transactions",
           {{"committed", snapshot.committed},
            {"rolled_back", snapshot.rolled_back},
            {"unknown", snapshot.unknown},
            {"fenced", snapshot.fenced},
            {"commit_count", snapshot.commit_durations.Count()},
            {"commit_seconds", snapshot.commit_durations.sum_seconds}}},
          {"partitions", std::move(partitions)}};
}

namespace {

Json ProblemStatus(const LogEntry& entry) {
  Json fields = Json::object();
  for (const auto& [name, value] : entry.fields) fields[name] = value;
  return {{"at_ms", entry.at_ms},
          {"times", entry.times},
          {"level", entry.level == LogLevel::kWarning ? "warning" : "error"},
          {"message", entry.message},
          {"fields", std::move(fields)}};
}

}  // namespace

std::string StatusJson(Json pipelines, const ProcessStatus& process) {
  Json problems = Json::array();
  for (const LogEntry& entry : process.problems) problems.push_back(ProblemStatus(entry));
  const Json status{{"version", process.version},
                    {"now_ms", process.now_ms},
                    {"uptime_ms", process.uptime.count()},
                    {"pipelines", std::move(pipelines)},
                    {"problems", std::move(problems)}};
  return status.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace semel::metrics
