// The memory seen-set up to 20 million entries: time of a judgement, resident bytes of an entry at
// many sizes, longest call while it fills, churns and expires, rate of a restore.
//
//   seen_set_bench [128|256] [entries]
//
// A plain program and no Google Benchmark: it measures one long life of one set, not a loop. All
// times are CPU time of this thread, so that a busy machine does not count as a pause.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "resident_bytes.h"
#include "seen_set/changelog.h"
#include "semel/seen_set.h"

namespace semel {
namespace {

constexpr std::size_t kTransaction = 10'000;
constexpr std::int64_t kWindow = 7LL * 24 * 3'600'000;

double CpuNs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

// Event `id` of a stream that brings `per_window` events a window.
Sighting Event(std::uint64_t id, std::uint64_t per_window, int bits) {
  Sighting sighting;
  sighting.time_ms = 1 + static_cast<std::int64_t>(static_cast<double>(id) * double{kWindow} /
                                                   static_cast<double>(per_window));
  sighting.offset = static_cast<std::int64_t>(id);
  std::uint64_t word = id;
  for (std::size_t at = 0; at < static_cast<std::size_t>(bits) / 8; at += 8) {
    word = (word + 0x9E3779B97F4A7C15U) * 0xD1342543DE82EF95U;
    word ^= word >> 29U;
    std::memcpy(&sighting.fingerprint.bytes[at], &word, 8);
  }
  return sighting;
}

class Life {
 public:
  Life(int bits, std::uint64_t per_window)
      : set_(OpenMemorySeenSet(
            {.window = std::chrono::milliseconds(kWindow), .bits = bits, .seed = 12345})),
        bits_(bits),
        per_window_(per_window),
        before_(ResidentBytes()) {
    batch_.resize(kTransaction);
    judgements_.resize(kTransaction);
  }

  // Judges and confirms `count` new events; ns for each. The stage is timed as a whole.
  double AddNew(std::size_t count) {
    double ns = 0;
    for (std::size_t added = 0; added < count; added += kTransaction) {
      for (Sighting& sighting : batch_) sighting = Event(next_++, per_window_, bits_);
      ns += Transaction();
    }
    return ns / static_cast<double>(count);
  }

  // Judges events again that were seen within nine tenths of the window; ns for each.
  double JudgeDuplicates(std::size_t count) {
    const std::uint64_t span = std::min(next_, per_window_ * 9 / 10);
    double ns = 0;
    for (std::size_t judged = 0; judged < count; judged += kTransaction) {
      for (Sighting& sighting : batch_) {
        random_ = random_ * 6364136223846793005U + 1442695040888963407U;
        sighting = Event(next_ - 1 - (random_ >> 24U) % span, per_window_, bits_);
      }
      ns += Transaction();
    }
    return ns / static_cast<double>(count);
  }

  void Expire() {
    const auto stage = set_->Begin();
    if (!stage->Observe(set_->stream_time_ms() + 3 * kWindow)) std::abort();
    Timed([&] { stage->Confirm(); });
  }

  void Report(const char* what) {
    const auto size = static_cast<double>(std::max<std::size_t>(1, set_->size()));
    const double resident = ResidentBytes() - before_;
    std::printf("%-28s %10.0f entries  %6.2f B/entry resident, memory_bytes %+.1f %%\n", what, size,
                resident / size, (static_cast<double>(set_->memory_bytes()) / resident - 1) * 100);
  }

  double BytesPerEntry() const {
    return (ResidentBytes() - before_) / static_cast<double>(set_->size());
  }
  double TakeLongestMs() { return std::exchange(longest_ns_, 0) / 1e6; }
  SeenSet& set() { return *set_; }

 private:
  template <typename Call>
  double Timed(const Call& call) {
    const double begin = CpuNs();
    call();
    const double ns = CpuNs() - begin;
    longest_ns_ = std::max(longest_ns_, ns);
    return ns;
  }

  double Transaction() {
    const auto stage = set_->Begin();
    const double judged = Timed([&] {
      if (!stage->Judge(batch_, judgements_)) std::abort();
    });
    return judged + Timed([&] { stage->Confirm(); });
  }

  std::unique_ptr<SeenSet> set_;
  int bits_;
  std::uint64_t per_window_;
  double before_;
  std::uint64_t next_ = 0;
  std::uint64_t random_ = 1;
  double longest_ns_ = 0;
  std::vector<Sighting> batch_;
  std::vector<Judgement> judgements_;
};

void Fill(Life& life, std::size_t entries) {
  constexpr std::size_t kStep = 100'000;
  double worst = 0;
  double worst_at = 0;
  for (std::size_t filled = 0; filled < entries; filled += kStep) {
    const double ns = life.AddNew(kStep);
    const auto size = static_cast<double>(life.set().size());
    if (size >= 1e6 && life.BytesPerEntry() > worst) {
      worst = life.BytesPerEntry();
      worst_at = size;
    }
    if (filled + kStep == 1'000'000 || filled + kStep == entries) {
      life.Report("filled");
      std::printf("  judge + confirm, new: %.0f ns (growing)   judge, duplicates: %.0f ns\n", ns,
                  life.JudgeDuplicates(1'000'000));
    }
  }
  std::printf("worst of all sizes from 1 million: %.2f B/entry at %.0f\n", worst, worst_at);
  std::printf("longest call while filling: %.1f ms\n", life.TakeLongestMs());
}

void Churn(Life& life, std::size_t entries) {
  double worst = 0;
  for (int quarter = 1; quarter <= 16; ++quarter) {
    const double ns = life.AddNew(entries / 4);
    worst = std::max(worst, life.BytesPerEntry());
    if (quarter % 4 == 0) {
      life.Report(("churned, window " + std::to_string(quarter / 4)).c_str());
      std::printf("  judge + confirm, new: %.0f ns, one expires for each\n", ns);
    }
  }
  std::printf("longest call while churning: %.1f ms, worst %.2f B/entry\n", life.TakeLongestMs(),
              worst);
}

void ExpireAll(Life& life) {
  int calls = 0;
  for (; life.set().memory_bytes() > 1'000'000 && calls < 10'000; ++calls) life.Expire();
  std::printf("expired at once: memory back after %d calls, longest %.1f ms\n", calls,
              life.TakeLongestMs());
}

std::vector<std::string> PackedChangelog(int bits, std::size_t entries) {
  std::vector<std::string> packed;
  ChangelogRecord header;
  header.rule.bits = bits;
  for (std::size_t first = 0; first < entries; first += kTransaction) {
    std::vector<Sighting> transaction(kTransaction);
    for (std::size_t i = 0; i < kTransaction; ++i) transaction[i] = Event(first + i, entries, bits);
    header.begin = static_cast<std::int64_t>(first);
    header.end = static_cast<std::int64_t>(first + kTransaction);
    header.stream_time_ms = transaction.back().time_ms;
    PackChangelog(header, transaction, packed);
  }
  return packed;
}

void RestoreAll(int bits, std::size_t entries) {
  const auto packed = PackedChangelog(bits, entries);
  const auto set = OpenMemorySeenSet(
      {.window = std::chrono::milliseconds(kWindow), .bits = bits, .seed = 12345});
  ChangelogRecord record;
  double unpack_ns = 0;
  double restore_ns = 0;
  double longest_ns = 0;
  for (const std::string& bytes : packed) {
    const double begin = CpuNs();
    if (!UnpackChangelog(bytes, record)) std::abort();
    const double unpacked = CpuNs();
    set->Restore(record.entries, record.stream_time_ms);
    const double restored = CpuNs();
    unpack_ns += unpacked - begin;
    restore_ns += restored - unpacked;
    longest_ns = std::max(longest_ns, restored - unpacked);
  }
  const auto count = static_cast<double>(entries);
  std::printf(
      "restore of %zu: %.2f million entries/s (unpack %.1f ns, table %.1f ns), longest %.1f ms\n",
      set->size(), count / (unpack_ns + restore_ns) * 1e3, unpack_ns / count, restore_ns / count,
      longest_ns / 1e6);
}

}  // namespace
}  // namespace semel

int main(int argc, char** argv) {
  const int bits = argc > 1 ? std::atoi(argv[1]) : 128;
  const std::size_t entries = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 20'000'000;
  if ((bits != 128 && bits != 256) || entries < 1'000'000 || entries % 1'000'000 != 0) {
    std::fprintf(stderr, "usage: seen_set_bench [128|256] [millions of entries]000000\n");
    return 2;
  }
  {
    semel::Life life(bits, entries);
    semel::Fill(life, entries);
    semel::Churn(life, entries);
    semel::ExpireAll(life);
  }
  semel::RestoreAll(bits, entries);
  return 0;
}
