#include "redis/redis_seen_set.h"

#include <algorithm>
#include <vector>

#include "seen_set/time_rule.h"

namespace semel::redis {
namespace {

class RedisSeenSet final : public SeenSet {
 public:
  RedisSeenSet(std::int32_t partition, Claims& claims, bool start_over)
      : partition_(partition), claims_(claims), start_over_(start_over) {}

  std::unique_ptr<Stage> Begin() override;

  void Restore(std::span<const Sighting> /*entries*/, std::int64_t stream_time_ms) override {
    stream_time_ms_ = stream_time_ms;
    remembers_ = remembers_ || (stream_time_ms > 0 && !start_over_);
  }
  void ForgetFrom(std::int64_t /*offset*/, std::int64_t stream_time_ms) override {
    stream_time_ms_ = stream_time_ms;
  }
  void Clear() override {
    stream_time_ms_ = 0;
    remembers_ = false;
  }

  bool durable() const override { return true; }
  bool failing() const override { return claims_.failing(); }
  std::int64_t stream_time_ms() const override { return stream_time_ms_; }
  std::size_t size() const override { return 0; }
  std::size_t memory_bytes() const override { return sizeof(*this); }
  std::int64_t oldest_ms() const override { return 0; }
  std::unique_ptr<EntryWalk> Walk() const override;

 private:
  friend class RedisStage;

  const std::int32_t partition_;
  Claims& claims_;
  const bool start_over_;
  std::int64_t stream_time_ms_ = 0;
  bool remembers_ = false;  // claims of the partition are in Redis, or should be
};

class RedisStage final : public Stage {
 public:
  explicit RedisStage(RedisSeenSet& set) : set_(set), stream_time_ms_(set.stream_time_ms_) {}

  Result<void> Judge(std::span<const Sighting> sightings, std::span<const std::int64_t> observed_ms,
                     std::span<Judgement> judgements) override {
    const std::int64_t window = set_.claims_.settings().window.count();
    asks_.clear();
    for (std::size_t i = 0; i < sightings.size(); ++i) {
      const Sighting& sighting = sightings[i];
      stream_time_ms_ = std::max(stream_time_ms_, sighting.time_ms);
      if (!observed_ms.empty()) stream_time_ms_ = std::max(stream_time_ms_, observed_ms[i]);
      const Verdict unknown = JudgeTime(std::nullopt, sighting.time_ms, stream_time_ms_, window);
      asks_.push_back({&sighting.fingerprint,
                       {set_.partition_, sighting.offset, sighting.time_ms},
                       unknown == Verdict::kLate ? Ask::What::kFind : Ask::What::kClaim});
    }
    SEMEL_TRY(AskAll());
    for (std::size_t i = 0; i < sightings.size(); ++i) {
      judgements[i] = JudgementOf(known_[i]);
      if (judgements[i].verdict == Verdict::kUnique) fresh_.push_back(sightings[i]);
    }
    return {};
  }

  Result<void> Observe(std::int64_t time_ms) override {
    stream_time_ms_ = std::max(stream_time_ms_, time_ms);
    // From now on the partition has a past, which Redis has to know of.
    asks_.clear();
    return set_.remembers_ ? Result<void>() : AskAll();
  }

  // Before the transaction in which the record goes elsewhere is committed: whoever is killed in
  // between reads the record again, and claims or releases it anew. After the commit nobody would.
  Result<void> Release(const Sighting& sighting) override {
    asks_.assign(1, {&sighting.fingerprint,
                     {set_.partition_, sighting.offset, sighting.time_ms},
                     Ask::What::kRelease});
    return AskAll();
  }

  std::span<const Sighting> fresh() const override { return fresh_; }
  std::int64_t stream_time_ms() const override { return stream_time_ms_; }
  void Confirm() override { set_.stream_time_ms_ = stream_time_ms_; }

 private:
  Result<void> AskAll() {
    SEMEL_TRY(set_.claims_.Make(set_.partition_, set_.remembers_, asks_, known_));
    set_.remembers_ = true;
    return {};
  }

  Judgement JudgementOf(const Known& known) const {
    if (known.nothing) return {.verdict = Verdict::kLate};
    if (!known.first) return {.verdict = Verdict::kUnique};
    const std::int32_t partition = known.first->partition;
    return {.verdict = Verdict::kDuplicate,
            .first_offset = known.first->offset,
            .first_partition = partition == set_.partition_ ? -1 : partition};
  }

  RedisSeenSet& set_;
  std::int64_t stream_time_ms_;
  std::vector<redis::Ask> asks_;
  std::vector<Known> known_;
  std::vector<Sighting> fresh_;
};

class NoEntries final : public EntryWalk {
 public:
  bool Next(std::size_t /*most*/, std::vector<Sighting>& piece) override {
    piece.clear();
    return false;
  }
};

std::unique_ptr<Stage> RedisSeenSet::Begin() { return std::make_unique<RedisStage>(*this); }

std::unique_ptr<EntryWalk> RedisSeenSet::Walk() const { return std::make_unique<NoEntries>(); }

}  // namespace

std::unique_ptr<SeenSet> OpenRedisSeenSet(std::int32_t partition, Claims& claims, bool start_over) {
  return std::make_unique<RedisSeenSet>(partition, claims, start_over);
}

}  // namespace semel::redis
