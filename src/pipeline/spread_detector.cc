#include "pipeline/spread_detector.h"

#include <algorithm>
#include <string>

namespace semel::pipeline {
namespace {

// A single one may be chance: two events that were given one identity.
constexpr std::uint64_t kWorthAWord = 3;
constexpr std::chrono::minutes kBetweenWords{10};

}  // namespace

std::uint64_t SpreadDetector::Saw(kafka::Partition partition, std::span<const Sighting> unique) {
  std::uint64_t found = 0;
  for (const Sighting& sighting : unique) {
    if (IsSample(sighting.fingerprint) && Follow(partition, sighting)) ++found;
  }
  return found;
}

/// True when it came in another partition before.
bool SpreadDetector::Follow(kafka::Partition partition, const Sighting& sighting) {
  const std::lock_guard lock(mutex_);
  newest_ms_ = std::max(newest_ms_, sighting.time_ms);
  const auto [place, first] =
      samples_.try_emplace(sighting.fingerprint, Sample{partition, sighting.time_ms});
  if (first) {
    if (samples_.size() >= forget_at_) Forget();
    return false;
  }
  Sample& sample = place->second;
  const std::int64_t distance = std::abs(sighting.time_ms - sample.time_ms);
  if (distance > window_ms_ || sample.partition == partition) {
    sample = {partition, sighting.time_ms};
    return false;
  }
  ++found_;
  Tell();
  return true;
}

void SpreadDetector::Forget() {
  std::erase_if(samples_,
                [&](const auto& each) { return each.second.time_ms < newest_ms_ - window_ms_; });
  forget_at_ = std::max<std::size_t>(4096, samples_.size() * 2);
}

void SpreadDetector::Tell() {
  if (found_ < kWorthAWord || clock_.Now() < next_word_) return;
  next_word_ = clock_.Now() + kBetweenWords;
  log_.Warning(
      "copies of one event come in different partitions, where they are not recognised: their "
      "producer must choose the partition by the same fields as --key",
      {{"topic", topic_},
       {"sampled", std::to_string(found_)},
       {"estimated_copies", std::to_string(found_ * kSampling)}});
}

}  // namespace semel::pipeline
