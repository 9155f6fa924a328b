// Notices copies of one event in different partitions, which a seen-set of one partition cannot
// see: one fingerprint in 4,096 is followed across all partitions of the process.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <span>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"
#include "semel/seen_set.h"

namespace semel::pipeline {

/// Sees what this process takes, and since its start only: copies that another process takes go
/// unnoticed. Threads: any.
class SpreadDetector {
 public:
  static constexpr std::uint64_t kSampling = 4096;

  SpreadDetector(std::chrono::milliseconds window, std::string topic, const Clock& clock,
                 Logger& log)
      : window_ms_(window.count()), topic_(std::move(topic)), clock_(clock), log_(log) {}

  /// Takes in committed sightings that were unique in `partition`; returns how many sampled ones of
  /// them had come within the window in another partition already. Cost: two bytes looked at for
  /// each, and for a sampled one a lock and a search among the samples.
  std::uint64_t Saw(kafka::Partition partition, std::span<const Sighting> unique);

  /// Fingerprints are hashes, so their bits are as good as random.
  static bool IsSample(const Fingerprint& fingerprint) {
    return fingerprint.bytes[0] == 0 && (fingerprint.bytes[1] & 0x0FU) == 0;
  }

 private:
  struct Sample {
    kafka::Partition partition = 0;
    std::int64_t time_ms = 0;
  };

  bool Follow(kafka::Partition partition, const Sighting& sighting);
  void Forget();
  void Tell();

  const std::int64_t window_ms_;
  const std::string topic_;
  const Clock& clock_;
  Logger& log_;

  std::mutex mutex_;
  std::map<Fingerprint, Sample> samples_;
  std::size_t forget_at_ = 4096;  ///< samples
  std::int64_t newest_ms_ = 0;
  std::uint64_t found_ = 0;
  std::chrono::steady_clock::time_point next_word_;
};

}  // namespace semel::pipeline
