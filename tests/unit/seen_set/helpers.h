// What the seen-set tests share: fingerprints, one-sighting judgements, and a slow oracle.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "semel/seen_set.h"

namespace semel::seen_set_test {

/// The fingerprint of event `id`: different for different ids, in all of its bytes.
inline Fingerprint Key(std::uint64_t id, int bits) {
  Fingerprint fingerprint;
  std::uint64_t word = id;
  for (std::size_t at = 0; at < static_cast<std::size_t>(bits) / 8; at += 8) {
    word = (word + 0x9E3779B97F4A7C15U) * 0xD1342543DE82EF95U;
    word ^= word >> 29U;
    std::memcpy(&fingerprint.bytes[at], &word, 8);
  }
  return fingerprint;
}

inline std::vector<Judgement> JudgeAll(Stage& stage, const std::vector<Sighting>& sightings) {
  std::vector<Judgement> judgements(sightings.size());
  EXPECT_TRUE(stage.Judge(sightings, judgements));
  return judgements;
}

inline Judgement JudgeOne(Stage& stage, const Sighting& sighting) {
  return JudgeAll(stage, {sighting}).front();
}

/// Judges in a transaction of its own, and confirms it.
inline Judgement Commit(SeenSet& set, const Sighting& sighting) {
  const auto stage = set.Begin();
  const Judgement judgement = JudgeOne(*stage, sighting);
  stage->Confirm();
  return judgement;
}

/// What a set remembers: fingerprint -> (time, offset).
using Contents = std::map<Fingerprint, std::pair<std::int64_t, std::int64_t>>;

inline Contents Dump(const SeenSet& set) {
  Contents contents;
  std::vector<Sighting> piece;
  for (const auto walk = set.Walk(); walk->Next(1000, piece);)
    for (const Sighting& s : piece) contents[s.fingerprint] = {s.time_ms, s.offset};
  return contents;
}

/// The rule of DESIGN section 6, written down without a thought for speed. Copy it to roll back.
class Oracle {
 public:
  explicit Oracle(std::int64_t window_ms) : window_(window_ms) {}

  Judgement Judge(const Sighting& s) {
    if (s.time_ms > stream_time) stream_time = s.time_ms;
    const auto at = entries_.find(s.fingerprint);
    if (at != entries_.end() && Remembered(at->second.first)) {
      const auto [first_ms, first_offset] = at->second;
      const std::int64_t distance =
          s.time_ms > first_ms ? s.time_ms - first_ms : first_ms - s.time_ms;
      if (distance <= window_) return {Verdict::kDuplicate, first_offset};
      if (s.time_ms < first_ms) return {Verdict::kLate, -1};
    } else if (s.time_ms < stream_time - window_) {
      return {Verdict::kLate, -1};
    }
    entries_[s.fingerprint] = {s.time_ms, s.offset};
    return {Verdict::kUnique, -1};
  }

  std::vector<Judgement> JudgeAll(const std::vector<Sighting>& sightings) {
    std::vector<Judgement> judgements;
    for (const Sighting& sighting : sightings) judgements.push_back(Judge(sighting));
    return judgements;
  }

  Contents contents() const {
    Contents remembered;
    for (const auto& [fingerprint, entry] : entries_)
      if (Remembered(entry.first)) remembered[fingerprint] = entry;
    return remembered;
  }

  std::int64_t stream_time = 0;

 private:
  // Every bucket [n * width, (n + 1) * width) that reaches up to stream time - window.
  bool Remembered(std::int64_t first_ms) const {
    const std::int64_t width = window_ < 64 ? 1 : window_ / 64;
    const std::int64_t bucket_end = (first_ms / width + 1) * width;
    return bucket_end > stream_time - window_;
  }

  std::int64_t window_;
  Contents entries_;
};

}  // namespace semel::seen_set_test
