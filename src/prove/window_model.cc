#include "prove/window_model.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <unordered_map>

namespace semel::prove {
namespace {

constexpr std::int64_t kFutureMax = 60LL * 60 * 1000;  // an hour, as docs/exactly_once.md has it
constexpr std::int64_t kBuckets = 64;

struct FirstBytes {
  std::size_t operator()(const Fingerprint& fingerprint) const {
    std::size_t hash = 0;
    std::memcpy(&hash, fingerprint.bytes.data(), sizeof hash);
    return hash;
  }
};

// Entries leave bucket by bucket, when all of the bucket lies before stream time - window.
bool Forgotten(std::int64_t first_ms, std::int64_t stream_ms, std::int64_t window_ms) {
  const std::int64_t width = std::max<std::int64_t>(1, window_ms / kBuckets);
  const std::int64_t next_bucket = (first_ms / width + 1) * width;
  return next_bucket <= stream_ms - window_ms;
}

class PartitionModel {
 public:
  explicit PartitionModel(std::int64_t window_ms) : window_ms_(window_ms) {}

  void Observe(std::int64_t time_ms) { stream_ms_ = std::max(stream_ms_, time_ms); }

  void Judge(const Fingerprint& fingerprint, std::uint32_t index, Judged& judged) {
    const std::int64_t t = judged.time_ms;
    Observe(t);
    const auto found = seen_.find(fingerprint);
    const bool remembered =
        found != seen_.end() && !Forgotten(found->second.time_ms, stream_ms_, window_ms_);
    if (remembered && std::abs(t - found->second.time_ms) <= window_ms_) {
      judged.fate = Fate::kDuplicate;
      judged.first = found->second.index;
      return;
    }
    const bool again = remembered && t > found->second.time_ms + window_ms_;
    const bool fresh = !remembered && t >= stream_ms_ - window_ms_;
    if (!again && !fresh) {
      judged.fate = Fate::kLate;
      return;
    }
    seen_[fingerprint] = {t, index};
  }

 private:
  struct First {
    std::int64_t time_ms = 0;
    std::uint32_t index = 0;
  };

  const std::int64_t window_ms_;
  std::int64_t stream_ms_ = 0;
  std::unordered_map<Fingerprint, First, FirstBytes> seen_;
};

using Times = std::map<Position, std::int64_t>;

bool Usable(std::int64_t timestamp_ms, const Rules& rules) {
  return timestamp_ms > 0 && timestamp_ms <= rules.now_ms + kFutureMax;
}

// The clock at the decision is gone; the changelog kept what it said.
Times TimesFromChangelog(const Histories& histories, const Rules& rules) {
  Times times;
  if (!histories.changelog) return times;
  for (const InputRecord& record : histories.input) {
    if (!Usable(record.timestamp_ms, rules)) times.emplace(record.at, rules.now_ms);
  }
  if (times.empty()) return times;
  for (const ChangelogEntry& entry : histories.changelog->entries) {
    if (const auto found = times.find(entry.input); found != times.end())
      found->second = entry.sighting.time_ms;
  }
  return times;
}

}  // namespace

std::vector<Judged> JudgeInput(const Histories& histories, const Rules& rules) {
  const Times times = TimesFromChangelog(histories, rules);
  std::vector<Judged> all;
  all.reserve(histories.input.size());
  std::optional<PartitionModel> model;
  std::int32_t partition = -1;
  for (const InputRecord& record : histories.input) {
    if (record.at.partition != partition) {
      partition = record.at.partition;
      model.emplace(rules.window_ms);
    }
    const auto index = static_cast<std::uint32_t>(all.size());
    Judged judged{.first = index, .time_ms = record.timestamp_ms};
    if (!Usable(record.timestamp_ms, rules)) {
      const auto known = times.find(record.at);
      judged.time_ms = known != times.end() ? known->second : rules.now_ms;
    }
    const Outcome outcome = record.identity.outcome;
    if (outcome == Outcome::kInvalid || (outcome == Outcome::kMissing && !rules.judge_missing)) {
      judged.fate = outcome == Outcome::kInvalid ? Fate::kInvalid : Fate::kMissing;
      model->Observe(judged.time_ms);
    } else {
      model->Judge(record.identity.fingerprint, index, judged);
    }
    all.push_back(judged);
  }
  return all;
}

}  // namespace semel::prove
