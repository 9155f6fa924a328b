// Memory and pauses of the memory table, at sizes that take seconds; benchmarks/seen_set_bench.cc
// measures the same up to 20 million entries.
#include <gtest/gtest.h>

#include <ctime>
#include <functional>

#include "benchmarks/resident_bytes.h"
#include "tests/unit/seen_set/helpers.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SEMEL_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SEMEL_SANITIZED 1
#endif
#endif

namespace semel::seen_set_test {
namespace {

constexpr std::size_t kTransaction = 2000;
constexpr std::int64_t kWindow = 1'000'000;

// The bounds are those of the product: sanitizers keep memory of their own, and what was not
// optimised takes twenty times as long.
bool AsShipped() {
#if defined(SEMEL_SANITIZED) || !defined(__OPTIMIZE__)
  return false;
#else
  return true;
#endif
}

// The time of this thread alone: other programs of the machine do not count.
double CpuMs() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

// Feeds a set with new events, `per_window` of them a window, and notes the longest call.
class Filler {
 public:
  Filler(int bits, std::size_t per_window)
      : set_(OpenMemorySeenSet(
            {.window = std::chrono::milliseconds(kWindow), .bits = bits, .seed = 3})),
        bits_(bits),
        per_window_(per_window) {}

  void Add(std::size_t events) {
    std::vector<Sighting> batch(kTransaction);
    std::vector<Judgement> judgements(kTransaction);
    for (std::size_t added = 0; added < events; added += kTransaction) {
      for (Sighting& sighting : batch) sighting = Next();
      const auto stage = set_->Begin();
      const double begin = CpuMs();
      EXPECT_TRUE(stage->Judge(batch, judgements));
      const double judged = CpuMs();
      stage->Confirm();
      longest_ms_ = std::max({longest_ms_, judged - begin, CpuMs() - judged});
    }
  }

  SeenSet& set() { return *set_; }
  double longest_ms() const { return longest_ms_; }

 private:
  Sighting Next() {
    const auto id = next_++;
    return {Key(id, bits_), 1 + static_cast<std::int64_t>(id * kWindow / per_window_),
            static_cast<std::int64_t>(id)};
  }

  std::unique_ptr<SeenSet> set_;
  int bits_;
  std::uint64_t per_window_;
  std::uint64_t next_ = 0;
  double longest_ms_ = 0;
};

class Resources : public testing::TestWithParam<std::pair<int, double>> {};

INSTANTIATE_TEST_SUITE_P(Bits, Resources,
                         testing::Values(std::pair(128, 40.0), std::pair(256, 56.0)));

TEST_P(Resources, StayWithinTheBoundsThroughGrowthAndChurn) {
  if (!AsShipped()) GTEST_SKIP() << "sanitized or not optimised";
  const auto [bits, bytes_max] = GetParam();
  const double before = ResidentBytes();
  Filler filler(bits, 1'500'000);
  const auto check = [&, limit = bytes_max] {
    const auto size = static_cast<double>(filler.set().size());
    const double resident = ResidentBytes() - before;
    EXPECT_LE(resident / size, limit) << size;
    EXPECT_NEAR(static_cast<double>(filler.set().memory_bytes()) / resident, 1, 0.05) << size;
  };
  filler.Add(950'000);
  for (int step = 0; step < 11; ++step) {
    filler.Add(50'000);
    check();
  }
  for (int windows = 0; windows < 8; ++windows) {
    filler.Add(750'000);
    check();
  }
  EXPECT_LE(filler.longest_ms(), 50);
}

TEST_P(Resources, ASuddenExpiryGivesMemoryBackInSteps) {
  if (!AsShipped()) GTEST_SKIP() << "sanitized or not optimised";
  const double before = ResidentBytes();
  Filler filler(GetParam().first, 1'000'000'000'000);  // all in one bucket
  filler.Add(1'000'000);
  EXPECT_TRUE(filler.set().Begin()->Observe(1));
  // What a call frees is what it takes time for.
  const std::size_t full = filler.set().memory_bytes();
  std::size_t most = 0;
  for (int calls = 0; calls < 200; ++calls) {
    const auto stage = filler.set().Begin();
    EXPECT_TRUE(stage->Observe(10 * kWindow));
    const std::size_t had = filler.set().memory_bytes();
    stage->Confirm();
    most = std::max(most, had - filler.set().memory_bytes());
    EXPECT_EQ(filler.set().size(), 0U);
  }
  EXPECT_LE(most, full / 20);
  EXPECT_LE(ResidentBytes() - before, 4e6);
  EXPECT_LE(filler.set().memory_bytes(), 1'000'000U);
}

TEST_P(Resources, ASmallSetIsSmall) {
  Filler filler(GetParam().first, kTransaction);
  filler.Add(kTransaction);
  EXPECT_LE(filler.set().memory_bytes(), 1'000'000U);
  const auto few = OpenMemorySeenSet({.bits = GetParam().first});
  for (std::uint64_t id = 0; id < 100; ++id)
    Commit(*few, {Key(id, GetParam().first), 1, static_cast<std::int64_t>(id)});
  EXPECT_LE(few->memory_bytes(), 100'000U);
}

// Where a window is shorter than a transaction, most of what is added is forgotten at once.
TEST_P(Resources, AShortWindowTakesNoMemoryForWhatItForgets) {
  const auto set =
      OpenMemorySeenSet({.window = std::chrono::milliseconds(1), .bits = GetParam().first});
  std::vector<Sighting> many;
  for (std::int64_t i = 1; i <= 20'000; ++i)
    many.push_back({Key(static_cast<std::uint64_t>(i), GetParam().first), i, i});
  set->Restore(many, 20'000);
  EXPECT_EQ(set->size(), 2U);
  EXPECT_LE(set->memory_bytes(), 150'000U);
}

struct Cost {
  double bytes = 0;
  double cpu_ms = 0;
};

Cost Fill(int bits, const std::function<Fingerprint(std::uint64_t)>& fingerprint) {
  const auto set = OpenMemorySeenSet({.bits = bits, .seed = 99});
  const double begin = CpuMs();
  std::vector<Sighting> batch(kTransaction);
  for (std::uint64_t id = 0; id < 200'000; id += kTransaction) {
    for (std::uint64_t i = 0; i < kTransaction; ++i)
      batch[i] = {fingerprint(id + i), 1, static_cast<std::int64_t>(id + i)};
    set->Restore(batch, 1);
  }
  EXPECT_EQ(set->size(), 200'000U);
  return {static_cast<double>(set->memory_bytes()), CpuMs() - begin};
}

// Fingerprints that differ in few bits, as somebody would choose who wants long searches.
Fingerprint Chosen(std::uint64_t id) {
  Fingerprint fingerprint;
  std::memcpy(&fingerprint.bytes[8 * (id % 2)], &id, 3);
  return fingerprint;
}

TEST_P(Resources, ChosenFingerprintsCostNoMoreThanRandomOnes) {
  const int bits = GetParam().first;
  const Cost random = Fill(bits, [bits](std::uint64_t id) { return Key(id, bits); });
  const Cost chosen = Fill(bits, Chosen);
  EXPECT_NEAR(chosen.bytes / random.bytes, 1, 0.02);
  EXPECT_LE(chosen.cpu_ms, 3 * random.cpu_ms + 20);
}

}  // namespace
}  // namespace semel::seen_set_test
