#include "scan/duplicate_scan.h"

#include <algorithm>

#include "seen_set/time_rule.h"

namespace semel::scan {
namespace {

Quantiles ToQuantiles(const DistanceQuantiles& distances) {
  return {distances.Quantile(0.5), distances.Quantile(0.9), distances.Quantile(0.99),
          distances.max()};
}

}  // namespace

void DuplicateScan::Take(const Arrival& arrival) {
  PartitionScan& partition = partitions_[arrival.partition];
  partition.stream_time_ms = std::max(partition.stream_time_ms, arrival.time_ms);
  for (auto& window : partition.windows) window.live.Advance(partition.stream_time_ms);
  ++report_.records;
  report_.last_ms = std::max(report_.last_ms, arrival.time_ms);
  report_.first_ms =
      report_.first_ms == 0 ? arrival.time_ms : std::min(report_.first_ms, arrival.time_ms);
  if (arrival.identity.outcome == Outcome::kMissing) ++report_.missing;
  if (arrival.identity.outcome == Outcome::kInvalid) ++report_.invalid;
  const Fingerprint& fingerprint = arrival.identity.fingerprint;
  if (arrival.identity.outcome != Outcome::kOk || !sights_.Sampled(fingerprint)) return;
  const auto found = sights_.Find(fingerprint, arrival.partition);
  if (found.here != nullptr) {
    CountCopy(arrival, *found.here);
    JudgeWindows(arrival, partition, *found.here);
    return;
  }
  if (found.elsewhere) report_.strays += Weight();
  FirstSight first{
      .partition = arrival.partition, .offset = arrival.offset, .time_ms = arrival.time_ms};
  std::copy_n(fingerprint.bytes.begin(), first.fingerprint.size(), first.fingerprint.begin());
  JudgeWindows(arrival, partition, first);
  if (sights_.Insert(first)) CountLiveAnew();
}

void DuplicateScan::CountCopy(const Arrival& arrival, const FirstSight& first) {
  const std::int64_t distance = std::abs(arrival.time_ms - first.time_ms);
  report_.copies += Weight();
  times_.Add(distance, Weight());
  offsets_.Add(arrival.offset - first.offset, Weight());
  const auto bar = std::ranges::lower_bound(kBars, distance);
  report_.bars[static_cast<std::size_t>(bar - kBars.begin())].copies += Weight();
}

/// As the seen-set does: see MemoryStage::JudgeOne.
void DuplicateScan::JudgeWindows(const Arrival& arrival, PartitionScan& partition,
                                 FirstSight& sight) {
  for (std::size_t i = 0; i < kWindows.size(); ++i) {
    const std::int64_t window_ms = kWindows[i].count();
    std::int64_t& first_ms = sight.window_first_ms[i];
    const bool found =
        first_ms != 0 && StillRemembered(first_ms, partition.stream_time_ms, window_ms);
    const Verdict verdict = JudgeTime(found ? std::optional(first_ms) : std::nullopt,
                                      arrival.time_ms, partition.stream_time_ms, window_ms);
    if (verdict == Verdict::kDuplicate) report_.windows[i].caught += Weight();
    if (verdict == Verdict::kLate) report_.windows[i].late += Weight();
    if (verdict != Verdict::kUnique) continue;
    auto& [live, peak] = partition.windows[i];
    if (found) live.Remove(first_ms);
    first_ms = arrival.time_ms;
    live.Add(first_ms);
    peak = std::max(peak, live.count() * Weight());
  }
}

/// After the sample was halved.
void DuplicateScan::CountLiveAnew() {
  for (auto& [number, partition] : partitions_)
    for (auto& window : partition.windows) window.live.Clear();
  sights_.ForEach([this](const FirstSight& sight) {
    PartitionScan& partition = partitions_.at(sight.partition);
    for (std::size_t i = 0; i < kWindows.size(); ++i)
      if (sight.window_first_ms[i] != 0) partition.windows[i].live.Add(sight.window_first_ms[i]);
  });
}

ScanReport DuplicateScan::Report() const {
  ScanReport report = report_;
  // What is rare is estimated well, and the rest is what is left.
  report.copies = std::min(report.copies, report.judged());
  report.strays = std::min(report.strays, report.judged() - report.copies);
  report.unique = report.judged() - report.duplicates();
  report.sample_level = sights_.level();
  report.time_distance = ToQuantiles(times_);
  report.offset_distance = ToQuantiles(offsets_);
  for (std::size_t i = 0; i < kBars.size(); ++i) report.bars[i].up_to_ms = kBars[i];
  for (std::size_t i = 0; i < kWindows.size(); ++i) {
    report.windows[i].window = kWindows[i];
    for (const auto& [number, partition] : partitions_)
      report.windows[i].entries += partition.windows[i].peak;
  }
  return report;
}

}  // namespace semel::scan
