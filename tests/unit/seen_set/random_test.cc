// Long random runs: against a slow oracle, live against restored, one seed against another.
#include <gtest/gtest.h>

#include <random>

#include "tests/unit/seen_set/helpers.h"

namespace semel::seen_set_test {
namespace {

constexpr std::int64_t kStart = 50'000;

std::unique_ptr<SeenSet> Open(std::int64_t window_ms, int bits, std::uint64_t seed = 1) {
  return OpenMemorySeenSet(
      {.window = std::chrono::milliseconds(window_ms), .bits = bits, .seed = seed});
}

// A stream whose time moves on by `step_ms` a record on average, with records up to one and a half
// windows late, and repeats at every distance.
class Stream {
 public:
  Stream(std::uint64_t seed, std::int64_t window_ms, int bits, std::int64_t step_ms,
         std::uint64_t ids)
      : random_(seed), window_ms_(window_ms), bits_(bits), step_ms_(step_ms), ids_(ids) {}

  std::vector<Sighting> Next(std::size_t count) {
    std::vector<Sighting> batch;
    for (std::size_t i = 0; i < count; ++i) {
      now_ += Below(2 * step_ms_ + 1);
      std::int64_t time = now_;
      if (Below(4) == 0) time -= Below(window_ms_ + window_ms_ / 2 + 2);
      const auto id = static_cast<std::uint64_t>(Below(static_cast<std::int64_t>(ids_)));
      batch.push_back({Key(id, bits_), std::max<std::int64_t>(1, time), offset_++});
    }
    return batch;
  }

  std::int64_t Below(std::int64_t bound) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(bound));
  }

 private:
  std::mt19937_64 random_;
  std::int64_t window_ms_;
  int bits_;
  std::int64_t step_ms_;
  std::uint64_t ids_;
  std::int64_t now_ = kStart;
  std::int64_t offset_ = 0;
};

void ExpectSame(const std::vector<Judgement>& got, const std::vector<Judgement>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(got[i].verdict, expected[i].verdict) << i;
    ASSERT_EQ(got[i].first_offset, expected[i].first_offset) << i;
  }
}

struct Shape {
  std::int64_t window_ms;
  int bits;
  std::int64_t step_ms;
  std::uint64_t ids;
};

class RandomRun : public testing::TestWithParam<Shape> {};

INSTANTIATE_TEST_SUITE_P(Shapes, RandomRun,
                         testing::Values(Shape{1, 128, 1, 50}, Shape{100, 128, 1, 300},
                                         Shape{6400, 128, 3, 2500}, Shape{6400, 256, 3, 2500},
                                         Shape{1'000'000, 128, 300, 6'000}));

TEST_P(RandomRun, DecidesAsTheOracleThroughCommitsAndRollbacks) {
  const Shape shape = GetParam();
  Stream stream(11, shape.window_ms, shape.bits, shape.step_ms, shape.ids);
  const auto set = Open(shape.window_ms, shape.bits);
  Oracle confirmed(shape.window_ms);
  for (int transaction = 0; transaction < 400; ++transaction) {
    Oracle oracle = confirmed;
    const auto stage = set->Begin();
    for (std::int64_t calls = stream.Below(3); calls >= 0; --calls) {
      const auto batch = stream.Next(static_cast<std::size_t>(stream.Below(200)));
      ASSERT_NO_FATAL_FAILURE(ExpectSame(JudgeAll(*stage, batch), oracle.JudgeAll(batch)));
    }
    ASSERT_EQ(stage->stream_time_ms(), oracle.stream_time);
    if (stream.Below(5) == 0) continue;
    stage->Confirm();
    confirmed = oracle;
    ASSERT_EQ(set->size(), confirmed.contents().size());
    if (transaction % 50 == 0) {
      ASSERT_EQ(Dump(*set), confirmed.contents());
    }
  }
  EXPECT_EQ(Dump(*set), confirmed.contents());
}

TEST_P(RandomRun, ARestoredSetDecidesAsTheLiveOne) {
  const Shape shape = GetParam();
  Stream stream(12, shape.window_ms, shape.bits, shape.step_ms, shape.ids);
  const auto live = Open(shape.window_ms, shape.bits, 1);
  const auto restored = Open(shape.window_ms, shape.bits, 2);
  for (int transaction = 0; transaction < 300; ++transaction) {
    const auto stage = live->Begin();
    JudgeAll(*stage, stream.Next(300));
    restored->Restore(stage->fresh(), stage->stream_time_ms());
    stage->Confirm();
  }
  EXPECT_EQ(Dump(*live), Dump(*restored));
  EXPECT_EQ(live->oldest_ms(), restored->oldest_ms());
  const auto batch = stream.Next(20'000);
  ExpectSame(JudgeAll(*restored->Begin(), batch), JudgeAll(*live->Begin(), batch));
}

TEST_P(RandomRun, TheSeedDecidesNothing) {
  const Shape shape = GetParam();
  Stream stream(13, shape.window_ms, shape.bits, shape.step_ms, shape.ids);
  const auto one = Open(shape.window_ms, shape.bits, 0);
  const auto other = Open(shape.window_ms, shape.bits, 0xFFFFFFFFFFFFFFFF);
  for (int transaction = 0; transaction < 200; ++transaction) {
    const auto batch = stream.Next(300);
    const auto stage = one->Begin();
    const auto other_stage = other->Begin();
    ASSERT_NO_FATAL_FAILURE(ExpectSame(JudgeAll(*stage, batch), JudgeAll(*other_stage, batch)));
    stage->Confirm();
    other_stage->Confirm();
  }
  EXPECT_EQ(Dump(*one), Dump(*other));
}

// What a snapshot is: a copy that takes its time while the set goes on, and the changelog from
// where the copy began.
TEST_P(RandomRun, ACopyMadeMeanwhileIsWholeAfterTheTailWasReplayed) {
  const Shape shape = GetParam();
  Stream stream(15, shape.window_ms, shape.bits, shape.step_ms, shape.ids);
  const auto live = Open(shape.window_ms, shape.bits, 1);
  const auto commit = [&] {
    const auto stage = live->Begin();
    JudgeAll(*stage, stream.Next(100));
    const std::vector<Sighting> fresh(stage->fresh().begin(), stage->fresh().end());
    stage->Confirm();
    return fresh;
  };
  for (int transaction = 0; transaction < 60; ++transaction) commit();

  const auto restored = Open(shape.window_ms, shape.bits, 2);
  const std::int64_t begin_ms = live->stream_time_ms();
  std::vector<std::pair<std::vector<Sighting>, std::int64_t>> tail;
  std::vector<Sighting> piece;
  const auto walk = live->Walk();
  while (walk->Next(1 + static_cast<std::size_t>(stream.Below(60)), piece)) {
    restored->Restore(piece, begin_ms);
    tail.emplace_back(commit(), 0);
    tail.back().second = live->stream_time_ms();
    ASSERT_LT(tail.size(), 10'000U) << "the copy must end although the set grows";
  }
  for (const auto& [fresh, stream_time_ms] : tail) restored->Restore(fresh, stream_time_ms);
  EXPECT_EQ(Dump(*restored), Dump(*live));
  const auto batch = stream.Next(20'000);
  ExpectSame(JudgeAll(*restored->Begin(), batch), JudgeAll(*live->Begin(), batch));
}

TEST_P(RandomRun, ForgetFromInTheMiddleLeavesASetThatStillDecides) {
  const Shape shape = GetParam();
  Stream stream(14, shape.window_ms, shape.bits, shape.step_ms, shape.ids);
  const auto set = Open(shape.window_ms, shape.bits);
  std::int64_t cut_time = 0;
  std::int64_t cut = 0;
  for (int transaction = 0; transaction < 100; ++transaction) {
    const auto batch = stream.Next(300);
    if (transaction == 80) {
      cut = batch.front().offset;
      cut_time = set->stream_time_ms();
    }
    const auto stage = set->Begin();
    JudgeAll(*stage, batch);
    stage->Confirm();
  }
  Contents expected = Dump(*set);
  std::erase_if(expected, [&](const auto& entry) { return entry.second.second >= cut; });
  set->ForgetFrom(cut, cut_time);
  EXPECT_EQ(Dump(*set), expected);
  const auto stage = set->Begin();
  for (const auto& [fingerprint, entry] : expected)
    ASSERT_EQ(JudgeOne(*stage, {fingerprint, entry.first, cut}).first_offset, entry.second);
}

}  // namespace
}  // namespace semel::seen_set_test
