// Finds an entry by its hash: open addressing in lines of 64 bytes, each entry in one of the two
// lines that its hash names. Removing clears a slot and leaves nothing behind, so that no amount
// of churn slows it down; a full pair of lines is relieved by moving one entry to its other line.
//
// 512 segments, told apart by the first bits of the hash, grow by half one at a time. Their sizes
// are staggered, so that they do not grow all at once, and memory follows the entries smoothly.
#pragma once

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

#include "seen_set/memory_entries.h"
#include "seen_set/pages.h"
#include "seen_set/prefetch.h"

namespace semel {

/// One cache line: tags first, so that one comparison finds the slots worth following.
struct alignas(64) IndexLine {
  static constexpr std::size_t kSlots = 12;
  static constexpr unsigned kAllSlots = (1U << kSlots) - 1;

  std::array<std::uint8_t, 16> tags;  // 0: free; the last four are not used
  std::array<EntryRef, kSlots> refs;

  /// Bit i is set where slot i has `tag`.
  unsigned Match(std::uint8_t tag) const {
#if defined(__SSE2__)
    const __m128i all = _mm_load_si128(reinterpret_cast<const __m128i*>(tags.data()));
    const __m128i equal = _mm_cmpeq_epi8(all, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<unsigned>(_mm_movemask_epi8(equal)) & kAllSlots;
#else
    unsigned mask = 0;
    for (std::size_t i = 0; i < kSlots; ++i) mask |= (tags[i] == tag ? 1U : 0U) << i;
    return mask;
#endif
  }
  unsigned Free() const { return Match(0); }
};
static_assert(sizeof(IndexLine) == 64);

/// Lines of a segment: on the heap where they are fewer than a page, else pages of their own.
class IndexLines {
 public:
  IndexLines() = default;
  explicit IndexLines(std::size_t count)
      : small_(count < kPageLines ? count : 0), pages_(PagesFor(count)), count_(count) {}

  std::span<IndexLine> lines() {
    return small_.empty() ? std::span(reinterpret_cast<IndexLine*>(pages_.data()), count_)
                          : std::span(small_);
  }
  std::size_t count() const { return count_; }
  std::size_t bytes() const { return count_ * sizeof(IndexLine); }

  static constexpr std::size_t kPageLines = 4096 / sizeof(IndexLine);

 private:
  static Pages PagesFor(std::size_t count) {
    return count < kPageLines ? Pages() : Pages(count * sizeof(IndexLine));
  }

  std::vector<IndexLine> small_;
  Pages pages_;
  std::size_t count_ = 0;
};

/// `Store` answers HashAt(ref), and Fetch(ref) ahead of it. A slot that a call returns is valid
/// until the next Insert or Erase.
template <typename Store>
class FingerprintIndex {
 public:
  explicit FingerprintIndex(const Store& store) : store_(store) {
    for (std::size_t i = 0; i < kSegments; ++i) Rebuild(segments_[i], 0);
  }

  void PrefetchLines(std::uint64_t hash) {
    Prefetch(&FirstLine(hash));
    Prefetch(&SecondLine(hash));
  }

  /// Fetches the entries whose tag fits; the lines should be there already.
  void PrefetchEntries(std::uint64_t hash) {
    for (const IndexLine* line : {&FirstLine(hash), &SecondLine(hash)})
      for (unsigned mask = line->Match(Tag(hash)); mask != 0; mask &= mask - 1)
        store_.Fetch(line->refs[Lowest(mask)]);
  }

  /// The slot of the entry for which `is_it(ref)` holds; null: there is none.
  template <typename IsIt>
  EntryRef* Find(std::uint64_t hash, const IsIt& is_it) {
    return FindSlot(hash, is_it).second;
  }

  /// The entry at `ref` must be in the store already, and not in the index.
  void Insert(std::uint64_t hash, EntryRef ref) {
    Segment& segment = SegmentOf(hash);
    while (segment.used >= segment.grows_at) Grow(segment);
    while (!Place(segment.lines.lines(), hash, ref)) Grow(segment);
    ++segment.used;
  }

  /// Takes `ref` out of the index. The entry must still be in the store.
  void Erase(std::uint64_t hash, EntryRef ref) {
    const auto [line, slot] = SlotOf(hash, ref);
    line->tags[static_cast<std::size_t>(slot - line->refs.data())] = 0;
    --SegmentOf(hash).used;
  }

  /// The entry that was at `from` is now at `to`.
  void Move(std::uint64_t hash, EntryRef from, EntryRef to) { *SlotOf(hash, from).second = to; }

  /// Gives memory back after many calls of Erase. Reads the entries: all must be in the store.
  void Shrink(std::uint64_t hash) {
    Segment& segment = SegmentOf(hash);
    if (segment.used < segment.shrinks_below) Rebuild(segment, segment.step - 1);
  }

  std::size_t ResidentBytes() const { return sizeof(*this) + line_bytes_; }

 private:
  static constexpr std::size_t kSegments = 512;
  static constexpr double kGrowth = 1.5;

  struct Segment {
    IndexLines lines;
    unsigned step = 0;  // size is kGrowth ^ step, staggered
    std::size_t used = 0;
    std::size_t grows_at = 0;
    std::size_t shrinks_below = 0;
  };

  static std::uint8_t Tag(std::uint64_t hash) {
    const auto low = static_cast<std::uint8_t>(hash);
    return low == 0 ? std::uint8_t{1} : low;
  }
  static std::size_t Lowest(unsigned mask) {
    return static_cast<std::size_t>(std::countr_zero(mask));
  }
  // Maps 32 bits of hash to one of `lines`, whose size is no power of two.
  static IndexLine& Scale(std::uint64_t bits32, std::span<IndexLine> lines) {
    return lines[bits32 * lines.size() >> 32U];
  }
  static IndexLine& First(std::uint64_t hash, std::span<IndexLine> lines) {
    return Scale((hash >> 23U) & 0xFFFFFFFFU, lines);
  }
  static IndexLine& Second(std::uint64_t hash, std::span<IndexLine> lines) {
    return Scale((hash * 0x9E3779B97F4A7C15U) >> 32U, lines);
  }
  Segment& SegmentOf(std::uint64_t hash) { return segments_[hash >> 55U]; }
  IndexLine& FirstLine(std::uint64_t hash) { return First(hash, SegmentOf(hash).lines.lines()); }
  IndexLine& SecondLine(std::uint64_t hash) { return Second(hash, SegmentOf(hash).lines.lines()); }

  std::size_t LinesAt(const Segment& segment, unsigned step) const {
    const auto stagger = static_cast<double>(&segment - segments_.data()) / double{kSegments};
    const double lines = std::pow(kGrowth, step + stagger);
    constexpr double kPage = IndexLines::kPageLines;
    return static_cast<std::size_t>(lines < kPage / 2 ? lines : std::round(lines / kPage) * kPage);
  }

  template <typename IsIt>
  std::pair<IndexLine*, EntryRef*> FindSlot(std::uint64_t hash, const IsIt& is_it) {
    for (IndexLine* line : {&FirstLine(hash), &SecondLine(hash)}) {
      for (unsigned mask = line->Match(Tag(hash)); mask != 0; mask &= mask - 1) {
        EntryRef* slot = &line->refs[Lowest(mask)];
        if (is_it(*slot)) return {line, slot};
      }
    }
    return {nullptr, nullptr};
  }

  std::pair<IndexLine*, EntryRef*> SlotOf(std::uint64_t hash, EntryRef ref) {
    const auto found = FindSlot(hash, [ref](EntryRef other) { return other == ref; });
    if (found.first == nullptr) std::abort();  // the index lost an entry: no answer can be trusted
    return found;
  }

  static void Put(IndexLine& line, std::size_t slot, std::uint64_t hash, EntryRef ref) {
    line.tags[slot] = Tag(hash);
    line.refs[slot] = ref;
  }

  // False: both lines are full, and no entry in them can move to its other line.
  bool Place(std::span<IndexLine> lines, std::uint64_t hash, EntryRef ref) const {
    IndexLine& first = First(hash, lines);
    IndexLine& second = Second(hash, lines);
    const unsigned free_first = first.Free();
    const unsigned free_second = second.Free();
    if ((free_first | free_second) == 0)
      return MakeRoom(lines, first, hash, ref) || MakeRoom(lines, second, hash, ref);
    const bool to_first = std::popcount(free_first) >= std::popcount(free_second);
    Put(to_first ? first : second, Lowest(to_first ? free_first : free_second), hash, ref);
    return true;
  }

  bool MakeRoom(std::span<IndexLine> lines, IndexLine& full, std::uint64_t hash,
                EntryRef ref) const {
    for (std::size_t slot = 0; slot < IndexLine::kSlots; ++slot) {
      const std::uint64_t moving = store_.HashAt(full.refs[slot]);
      for (IndexLine* other : {&First(moving, lines), &Second(moving, lines)}) {
        const unsigned room = other->Free();
        if (room == 0) continue;
        Put(*other, Lowest(room), moving, full.refs[slot]);
        Put(full, slot, hash, ref);
        return true;
      }
    }
    return false;
  }

  void Grow(Segment& segment) {
    unsigned step = segment.step + 1;
    while (LinesAt(segment, step) == segment.lines.count()) ++step;  // small sizes round to one
    Rebuild(segment, step);
  }

  // At `step`, or at the next one that has room for all.
  void Rebuild(Segment& segment, unsigned step) {
    for (;; ++step) {
      IndexLines fresh(LinesAt(segment, step));
      if (!Copy(segment.lines.lines(), fresh.lines())) continue;
      line_bytes_ += fresh.bytes() - segment.lines.bytes();
      segment.lines = std::move(fresh);
      segment.step = step;
      // Above 85 % too many pairs of lines are full; a smaller segment begins well below that.
      segment.grows_at = LinesAt(segment, step) * IndexLine::kSlots * 85 / 100;
      segment.shrinks_below =
          step == 0 ? 0 : LinesAt(segment, step - 1) * IndexLine::kSlots * 75 / 100;
      return;
    }
  }

  bool Copy(std::span<const IndexLine> from, std::span<IndexLine> to) const {
    constexpr std::size_t kAhead = 4;
    for (std::size_t i = 0; i < from.size() + kAhead; ++i) {
      if (i < from.size()) PrefetchAll(from[i]);
      if (i >= kAhead && !CopyLine(from[i - kAhead], to)) return false;
    }
    return true;
  }

  void PrefetchAll(const IndexLine& line) const {
    for (unsigned used = IndexLine::kAllSlots & ~line.Free(); used != 0; used &= used - 1)
      store_.Fetch(line.refs[Lowest(used)]);
  }

  bool CopyLine(const IndexLine& line, std::span<IndexLine> to) const {
    for (unsigned used = IndexLine::kAllSlots & ~line.Free(); used != 0; used &= used - 1) {
      const EntryRef ref = line.refs[Lowest(used)];
      if (!Place(to, store_.HashAt(ref), ref)) return false;
    }
    return true;
  }

  const Store& store_;
  std::array<Segment, kSegments> segments_;
  std::size_t line_bytes_ = 0;
};

}  // namespace semel
