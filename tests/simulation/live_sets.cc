#include "live_sets.h"

#include <utility>

namespace semel::simulation {

Remembered ReadAll(const SeenSet& set, std::int64_t window_ms) {
  constexpr std::size_t kPiece = 4096;
  Remembered remembered{.stream_time_ms = set.stream_time_ms(), .entries = {}};
  std::vector<Sighting> piece;
  for (const auto walk = set.Walk(); walk->Next(kPiece, piece);) {
    for (const Sighting& entry : piece) {
      if (StillRemembered(entry.time_ms, remembered.stream_time_ms, window_ms))
        remembered.entries[entry.fingerprint] = {entry.time_ms, entry.offset};
    }
  }
  return remembered;
}

class LiveSets::Watched final : public SeenSet {
 public:
  Watched(decltype(sets_) all, Place place, std::unique_ptr<SeenSet> set)
      : all_(std::move(all)), place_(place), set_(std::move(set)) {
    (*all_)[place_].insert(set_.get());
  }
  ~Watched() override { (*all_)[place_].erase(set_.get()); }

  std::unique_ptr<Stage> Begin() override { return set_->Begin(); }
  void Restore(std::span<const Sighting> entries, std::int64_t stream_time_ms) override {
    set_->Restore(entries, stream_time_ms);
  }
  void ForgetFrom(std::int64_t offset, std::int64_t stream_time_ms) override {
    set_->ForgetFrom(offset, stream_time_ms);
  }
  void Clear() override { set_->Clear(); }
  std::int64_t stream_time_ms() const override { return set_->stream_time_ms(); }
  std::size_t size() const override { return set_->size(); }
  std::size_t memory_bytes() const override { return set_->memory_bytes(); }
  std::int64_t oldest_ms() const override { return set_->oldest_ms(); }
  std::unique_ptr<EntryWalk> Walk() const override { return set_->Walk(); }

 private:
  decltype(sets_) all_;
  const Place place_;
  const std::unique_ptr<SeenSet> set_;
};

std::unique_ptr<SeenSet> LiveSets::Watch(std::int32_t lane, kafka::Partition partition,
                                         std::unique_ptr<SeenSet> set) {
  return std::make_unique<Watched>(sets_, Place{lane, partition}, std::move(set));
}

const SeenSet* LiveSets::Only(std::int32_t lane, kafka::Partition partition) const {
  const auto found = sets_->find({lane, partition});
  return found == sets_->end() || found->second.size() != 1 ? nullptr : *found->second.begin();
}

}  // namespace semel::simulation
