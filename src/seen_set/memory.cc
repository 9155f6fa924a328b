#include <algorithm>
#include <cassert>
#include <limits>
#include <memory>

#include "seen_set/memory_overlay.h"
#include "seen_set/memory_table.h"
#include "seen_set/time_rule.h"
#include "semel/seen_set.h"

namespace semel {
namespace {

// What a call frees at most of what was forgotten, beyond twice what it adds: about 2 ms.
constexpr std::size_t kFreedPerCall = std::size_t{16} * 1024;

// What stages may keep of their memory between transactions: little beside the set's own.
std::size_t StagedKept(std::size_t size) { return std::max<std::size_t>(4096, size / 32); }

template <std::size_t kBytes>
class MemoryStage;

template <std::size_t kBytes>
class MemorySeenSet final : public SeenSet {
 public:
  explicit MemorySeenSet(const MemorySeenSetOptions& options)
      : window_ms_(options.window.count()), seed_(options.seed) {
    // The time of an entry within its bucket has 32 bits.
    assert(window_ms_ >= 1 && BucketWidth(window_ms_) <= std::int64_t{1} << 32U);
    Clear();
  }

  std::unique_ptr<Stage> Begin() override;
  void Restore(std::span<const Sighting> entries, std::int64_t stream_time_ms) override;
  void ForgetFrom(std::int64_t offset, std::int64_t stream_time_ms) override;
  void Clear() override;
  std::unique_ptr<EntryWalk> Walk() const override;

  std::int64_t stream_time_ms() const override { return stream_time_ms_; }
  std::size_t size() const override { return table_->entries().CountFrom(Oldest()); }
  std::int64_t oldest_ms() const override { return table_->entries().OldestFrom(Oldest()); }
  std::size_t memory_bytes() const override {
    return sizeof(*this) + table_->ResidentBytes() + overlay_.ResidentBytes();
  }

 private:
  friend class MemoryStage<kBytes>;

  std::int64_t Oldest() const { return OldestBucket(stream_time_ms_, window_ms_); }
  void SetStreamTime(std::int64_t stream_time_ms);

  std::int64_t window_ms_;
  std::uint64_t seed_;
  std::int64_t stream_time_ms_ = 0;
  std::unique_ptr<MemoryTable<kBytes>> table_;
  Overlay overlay_;  // of the open stage; kept here for its memory
  bool stage_open_ = false;
};

template <std::size_t kBytes>
class MemoryStage final : public Stage {
 public:
  explicit MemoryStage(MemorySeenSet<kBytes>& set)
      : set_(set), stream_time_ms_(set.stream_time_ms_), oldest_(set.Oldest()) {
    assert(!set.stage_open_);
    set_.stage_open_ = true;
  }

  MemoryStage(const MemoryStage&) = delete;
  MemoryStage& operator=(const MemoryStage&) = delete;
  ~MemoryStage() override {
    set_.overlay_.Clear(StagedKept(set_.size()));
    set_.stage_open_ = false;
  }

  Result<void> Judge(std::span<const Sighting> sightings, std::span<const std::int64_t> observed_ms,
                     std::span<Judgement> judgements) override {
    assert(sightings.size() == judgements.size() && !confirmed_);
    while (!sightings.empty()) {
      const std::size_t count = std::min(sightings.size(), kLookupBatch);
      const auto observed = observed_ms.first(std::min(count, observed_ms.size()));
      JudgeBatch(sightings.first(count), observed, judgements.first(count));
      sightings = sightings.subspan(count);
      observed_ms = observed_ms.subspan(observed.size());
      judgements = judgements.subspan(count);
    }
    return {};
  }

  Result<void> Observe(std::int64_t time_ms) override {
    Advance(time_ms);
    return {};
  }

  std::span<const Sighting> fresh() const override { return set_.overlay_.sightings(); }
  std::int64_t stream_time_ms() const override { return stream_time_ms_; }

  void Confirm() override {
    assert(!confirmed_);
    confirmed_ = true;
    MemoryTable<kBytes>& table = *set_.table_;
    const auto hashes = set_.overlay_.hashes();
    for (std::size_t i = 0; i < hashes.size() + kLookupBatch; ++i) {
      if (i < hashes.size()) table.PrefetchLines(hashes[i]);
      if (i < kLookupBatch) continue;
      table.Put(hashes[i - kLookupBatch], fresh()[i - kLookupBatch], oldest_);
    }
    set_.stream_time_ms_ = stream_time_ms_;
    table.FreeOlder(oldest_, kFreedPerCall + 2 * hashes.size());
  }

 private:
  void Advance(std::int64_t time_ms) {
    if (time_ms <= stream_time_ms_) return;
    stream_time_ms_ = time_ms;
    oldest_ = OldestBucket(time_ms, set_.window_ms_);
  }

  void JudgeBatch(std::span<const Sighting> sightings, std::span<const std::int64_t> observed_ms,
                  std::span<Judgement> judgements) {
    HashBatch memory;
    const auto hashes = set_.table_->HashAll(sightings, memory);
    for (const std::uint64_t hash : hashes) set_.table_->PrefetchEntries(hash);
    for (std::size_t i = 0; i < sightings.size(); ++i) {
      if (!observed_ms.empty()) Advance(observed_ms[i]);
      judgements[i] = JudgeOne(hashes[i], sightings[i]);
    }
  }

  Judgement JudgeOne(std::uint64_t hash, const Sighting& sighting) {
    assert(sighting.time_ms > 0);
    Advance(sighting.time_ms);
    const auto first = Find(hash, sighting.fingerprint);
    const Verdict verdict = JudgeTime(first ? std::optional(first->time_ms) : std::nullopt,
                                      sighting.time_ms, stream_time_ms_, set_.window_ms_);
    if (verdict == Verdict::kUnique) set_.overlay_.Add(hash, sighting);
    return {.verdict = verdict,
            .first_offset = verdict == Verdict::kDuplicate ? first->offset : -1};
  }

  // What is remembered of the fingerprint. A staged sighting hides the confirmed one, which it
  // replaces.
  std::optional<FirstSight> Find(std::uint64_t hash, const Fingerprint& fingerprint) const {
    std::optional<FirstSight> found;
    if (const Sighting* staged = set_.overlay_.Find(hash, fingerprint))
      found = {staged->time_ms, staged->offset, set_.table_->BucketFor(staged->time_ms)};
    else
      found = set_.table_->Find(hash, fingerprint);
    return found && found->bucket >= oldest_ ? found : std::nullopt;
  }

  MemorySeenSet<kBytes>& set_;
  std::int64_t stream_time_ms_;
  std::int64_t oldest_;  // bucket, at stream_time_ms_
  bool confirmed_ = false;
};

template <std::size_t kBytes>
std::unique_ptr<Stage> MemorySeenSet<kBytes>::Begin() {
  return std::make_unique<MemoryStage<kBytes>>(*this);
}

// Where stream time goes back, what was forgotten stays forgotten: whether its memory was freed
// already must not decide anything.
template <std::size_t kBytes>
void MemorySeenSet<kBytes>::SetStreamTime(std::int64_t stream_time_ms) {
  assert(!stage_open_);
  if (stream_time_ms < stream_time_ms_)
    table_->FreeOlder(Oldest(), std::numeric_limits<std::size_t>::max());
  stream_time_ms_ = stream_time_ms;
}

template <std::size_t kBytes>
void MemorySeenSet<kBytes>::Restore(std::span<const Sighting> entries,
                                    std::int64_t stream_time_ms) {
  SetStreamTime(stream_time_ms);
  HashBatch memory;
  const std::size_t added = entries.size();
  while (!entries.empty()) {
    const auto batch = entries.first(std::min(entries.size(), kLookupBatch));
    const auto hashes = table_->HashAll(batch, memory);
    for (std::size_t i = 0; i < batch.size(); ++i) table_->Put(hashes[i], batch[i], Oldest());
    entries = entries.subspan(batch.size());
  }
  table_->FreeOlder(Oldest(), kFreedPerCall + 2 * added);
}

template <std::size_t kBytes>
void MemorySeenSet<kBytes>::ForgetFrom(std::int64_t offset, std::int64_t stream_time_ms) {
  SetStreamTime(stream_time_ms);
  table_->RemoveFromOffset(offset);
}

template <std::size_t kBytes>
void MemorySeenSet<kBytes>::Clear() {
  assert(!stage_open_);
  table_ = std::make_unique<MemoryTable<kBytes>>(window_ms_, seed_);
  stream_time_ms_ = 0;
}

template <std::size_t kBytes>
class MemoryWalk final : public EntryWalk {
 public:
  MemoryWalk(const EntryStore<kBytes>& entries, std::int64_t oldest)
      : entries_(entries), place_(entries.PlaceFrom(oldest)) {}

  bool Next(std::size_t most, std::vector<Sighting>& piece) override {
    piece.clear();
    return entries_.VisitSome(place_, most, [&](EntryRef ref) {
      Sighting& sighting = piece.emplace_back();
      std::ranges::copy(entries_.at(ref).fingerprint, sighting.fingerprint.bytes.begin());
      sighting.time_ms = entries_.TimeAt(ref);
      sighting.offset = entries_.OffsetAt(ref);
    });
  }

 private:
  const EntryStore<kBytes>& entries_;
  typename EntryStore<kBytes>::Place place_;
};

template <std::size_t kBytes>
std::unique_ptr<EntryWalk> MemorySeenSet<kBytes>::Walk() const {
  return std::make_unique<MemoryWalk<kBytes>>(table_->entries(), Oldest());
}

}  // namespace

std::unique_ptr<SeenSet> OpenMemorySeenSet(const MemorySeenSetOptions& options) {
  assert(options.bits == 128 || options.bits == 256);
  if (options.bits == 256) return std::make_unique<MemorySeenSet<32>>(options);
  return std::make_unique<MemorySeenSet<16>>(options);
}

}  // namespace semel
