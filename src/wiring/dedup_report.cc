#include "wiring/dedup_report.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace semel {
namespace {

using metrics::PartitionSnapshot;

constexpr std::chrono::seconds kRateOver{3};

double RestoredShare(const PartitionSnapshot& part) {
  if (part.restore_end < 0 || part.restore_position < 0) return 0;
  if (part.restore_end <= part.restore_position) return 1;
  return static_cast<double>(part.restore_position) / static_cast<double>(part.restore_end);
}

std::string Fixed(double number, int digits) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, number);
  return text.data();
}

double Percent(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

}  // namespace

JobTotals Totals(const metrics::Snapshot& snapshot) {
  JobTotals totals;
  for (const metrics::LaneSnapshot& lane : snapshot.lanes) {
    totals.transactions += lane.transactions_committed;
    totals.aborts += lane.transactions_aborted;
  }
  double share = 0;
  for (const PartitionSnapshot& part : ByPartition(snapshot)) {
    AddCounters(totals.counts, part);
    totals.lag += part.Lag();
    if (part.phase != metrics::Phase::kRestoring) continue;
    ++totals.restoring;
    share += RestoredShare(part);
  }
  if (totals.restoring > 0) totals.restored_share = share / totals.restoring;
  return totals;
}

std::string SummaryJson(const JobTotals& totals, double seconds) {
  const PartitionSnapshot& sum = totals.counts;
  const nlohmann::ordered_json json = {{"read", sum.read},
                                       {"unique", sum.unique},
                                       {"duplicates", sum.duplicates},
                                       {"missing", sum.missing},
                                       {"invalid", sum.invalid},
                                       {"late", sum.late},
                                       {"rejected", sum.rejected},
                                       {"transactions", totals.transactions},
                                       {"aborts", totals.aborts},
                                       {"seconds", std::round(seconds * 1000) / 1000}};
  return json.dump();
}

std::string SummaryText(const JobTotals& totals, double seconds) {
  const PartitionSnapshot& sum = totals.counts;
  std::string text = std::to_string(sum.read) + " read in " + Fixed(seconds, 1) +
                     " s: " + std::to_string(sum.unique) + " unique, " +
                     std::to_string(sum.duplicates) + " duplicates";
  const auto add = [&text](std::uint64_t count, const char* name) {
    if (count > 0) text += ", " + std::to_string(count) + " " + name;
  };
  add(sum.missing, "without a key");
  add(sum.invalid, "invalid");
  add(sum.late, "late");
  add(sum.rejected, "rejected");
  return text;
}

std::string ProgressText::Describe(const JobTotals& totals, TimePoint now) {
  samples_.push_back({now, totals.counts.read});
  while (samples_.size() > 2 && now - samples_.front().at > kRateOver) samples_.pop_front();
  const Sample& first = samples_.front();
  const double seconds = std::chrono::duration<double>(now - first.at).count();
  const double rate =
      seconds > 0 ? static_cast<double>(totals.counts.read - first.read) / seconds : 0;
  std::string text = std::to_string(totals.counts.read) + " read, " + Fixed(rate, 0) + "/s, " +
                     Fixed(Percent(totals.counts.duplicates, totals.counts.read), 1) +
                     "% duplicates, lag " + std::to_string(totals.lag);
  if (totals.restoring > 0)
    text += ", restoring " + std::to_string(totals.restoring) +
            " partitions: " + Fixed(100 * totals.restored_share, 0) + "%";
  return text;
}

}  // namespace semel
