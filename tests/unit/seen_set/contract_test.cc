// What every seen-set must do, wherever it lives. A new kind of set is one more line in kSets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "tests/unit/seen_set/helpers.h"

namespace semel::seen_set_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Kind {
  std::string name;
  int bits;
  std::function<std::unique_ptr<SeenSet>(std::int64_t window_ms)> open;
};

Kind Memory(int bits) {
  return {"Memory" + std::to_string(bits), bits, [bits](std::int64_t window_ms) {
            return OpenMemorySeenSet(
                {.window = std::chrono::milliseconds(window_ms), .bits = bits, .seed = 42});
          }};
}

// Widths of the time buckets are 100 ms.
constexpr std::int64_t kWindow = 6400;
constexpr std::int64_t kStart = 1'000'000;
constexpr std::int64_t kTwo62 = std::int64_t{1} << 62;

class SeenSetContract : public testing::TestWithParam<Kind> {
 protected:
  Fingerprint Id(std::uint64_t id) const { return Key(id, GetParam().bits); }
  Sighting At(std::uint64_t id, std::int64_t time_ms) { return {Id(id), time_ms, ++offset_}; }
  Verdict CommitAt(std::uint64_t id, std::int64_t time_ms) {
    return Commit(*set_, At(id, time_ms)).verdict;
  }
  // Moves stream time with an event that no test asks for again.
  void Advance(std::int64_t time_ms) { EXPECT_EQ(CommitAt(999'999, time_ms), Verdict::kUnique); }

  std::unique_ptr<SeenSet> set_ = GetParam().open(kWindow);
  std::int64_t offset_ = 100;
};

INSTANTIATE_TEST_SUITE_P(Sets, SeenSetContract, testing::Values(Memory(128), Memory(256)),
                         [](const auto& param) { return param.param.name; });

TEST_P(SeenSetContract, StartsEmpty) {
  EXPECT_EQ(set_->size(), 0U);
  EXPECT_EQ(set_->stream_time_ms(), 0);
  EXPECT_EQ(set_->oldest_ms(), 0);
  EXPECT_THAT(Dump(*set_), IsEmpty());
}

TEST_P(SeenSetContract, FirstIsUniqueAndSecondNamesIt) {
  EXPECT_EQ(Commit(*set_, {Id(1), kStart, 7}).verdict, Verdict::kUnique);
  const Judgement second = Commit(*set_, {Id(1), kStart + 5, 8});
  EXPECT_EQ(second.verdict, Verdict::kDuplicate);
  EXPECT_EQ(second.first_offset, 7);
  EXPECT_EQ(set_->size(), 1U);
  EXPECT_THAT(Dump(*set_), ElementsAre(std::pair(Id(1), std::pair(kStart, std::int64_t{7}))));
}

TEST_P(SeenSetContract, FingerprintsDifferInTheirLastByteOnly) {
  Sighting a = At(1, kStart);
  Sighting b = At(1, kStart);
  b.fingerprint.bytes[static_cast<std::size_t>(GetParam().bits) / 8 - 1] ^= 1;
  EXPECT_EQ(Commit(*set_, a).verdict, Verdict::kUnique);
  EXPECT_EQ(Commit(*set_, b).verdict, Verdict::kUnique);
  EXPECT_EQ(Commit(*set_, b).verdict, Verdict::kDuplicate);
}

TEST_P(SeenSetContract, FingerprintsOfOneFirstHalfAreToldApart) {
  const auto half = static_cast<std::size_t>(GetParam().bits) / 16;
  std::vector<Sighting> many(20'000, At(1, kStart));
  for (std::size_t i = 0; i < many.size(); ++i)
    std::memcpy(&many[i].fingerprint.bytes[half], &i, sizeof i);
  for (std::size_t done = 0; done < many.size(); done += 1000) {
    const auto stage = set_->Begin();
    JudgeAll(*stage, {many.begin() + static_cast<std::ptrdiff_t>(done),
                      many.begin() + static_cast<std::ptrdiff_t>(done + 1000)});
    stage->Confirm();
  }
  EXPECT_EQ(set_->size(), many.size());
}

// ------------------------------------------------------------------------------------ time edges

TEST_P(SeenSetContract, WindowEdgeAfterTheFirstIsInside) {
  CommitAt(1, kStart);
  EXPECT_EQ(CommitAt(1, kStart + kWindow), Verdict::kDuplicate);
  EXPECT_EQ(CommitAt(1, kStart + kWindow + 1), Verdict::kUnique);
}

TEST_P(SeenSetContract, WindowEdgeBeforeTheFirstIsInside) {
  CommitAt(1, kStart);
  EXPECT_EQ(CommitAt(1, kStart - kWindow), Verdict::kDuplicate);
  EXPECT_EQ(CommitAt(1, kStart - kWindow - 1), Verdict::kLate);
  EXPECT_THAT(Dump(*set_), ElementsAre(std::pair(Id(1), std::pair(kStart, std::int64_t{101}))));
}

TEST_P(SeenSetContract, AnUnknownEventIsLateBelowStreamTimeLessWindow) {
  Advance(kStart);
  EXPECT_EQ(CommitAt(1, kStart - kWindow), Verdict::kUnique);
  EXPECT_EQ(CommitAt(2, kStart - kWindow - 1), Verdict::kLate);
}

TEST_P(SeenSetContract, LateNeverEnters) {
  Advance(kStart);
  EXPECT_EQ(CommitAt(1, kStart - kWindow - 1), Verdict::kLate);
  EXPECT_EQ(set_->size(), 1U);
  EXPECT_EQ(CommitAt(1, kStart), Verdict::kUnique);
  const auto stage = set_->Begin();
  EXPECT_EQ(JudgeOne(*stage, At(2, kStart - kWindow - 1)).verdict, Verdict::kLate);
  EXPECT_THAT(stage->fresh(), IsEmpty());
  EXPECT_EQ(JudgeOne(*stage, At(2, kStart)).verdict, Verdict::kUnique);
}

TEST_P(SeenSetContract, AfterTheWindowTheNewSightReplacesTheFirst) {
  CommitAt(1, kStart);
  const std::int64_t second = kStart + kWindow + 1;
  EXPECT_EQ(Commit(*set_, {Id(1), second, 500}).verdict, Verdict::kUnique);
  EXPECT_EQ(set_->size(), 1U);
  const Judgement third = Commit(*set_, {Id(1), second + kWindow, 501});
  EXPECT_EQ(third.verdict, Verdict::kDuplicate);
  EXPECT_EQ(third.first_offset, 500);
}

TEST_P(SeenSetContract, DuplicatesDoNotProlong) {
  CommitAt(1, kStart);
  for (std::int64_t age = 100; age <= kWindow; age += 100)
    EXPECT_EQ(CommitAt(1, kStart + age), Verdict::kDuplicate);
  EXPECT_EQ(CommitAt(1, kStart + kWindow + 1), Verdict::kUnique);
}

TEST_P(SeenSetContract, DuplicatesAdvanceStreamTime) {
  CommitAt(1, kStart);
  CommitAt(1, kStart + 1000);
  EXPECT_EQ(set_->stream_time_ms(), kStart + 1000);
  EXPECT_EQ(CommitAt(2, kStart + 1000 - kWindow - 1), Verdict::kLate);
}

TEST_P(SeenSetContract, ObservedTimesAdvanceStreamTime) {
  const auto stage = set_->Begin();
  stage->Observe(kStart);
  stage->Observe(kStart - 5);
  EXPECT_EQ(stage->stream_time_ms(), kStart);
  EXPECT_EQ(set_->stream_time_ms(), 0);
  EXPECT_EQ(JudgeOne(*stage, At(1, kStart - kWindow - 1)).verdict, Verdict::kLate);
  stage->Confirm();
  EXPECT_EQ(set_->stream_time_ms(), kStart);
}

TEST_P(SeenSetContract, ABucketIsForgottenWhenAllOfItIsTooOld) {
  // The buckets [10000, 10100) and [10100, 10200): the first is gone from stream time 16500 on.
  CommitAt(1, 10'000);
  CommitAt(2, 10'099);
  CommitAt(3, 10'100);
  Advance(16'499);
  EXPECT_EQ(CommitAt(1, 10'001), Verdict::kDuplicate);
  EXPECT_EQ(CommitAt(2, 10'001), Verdict::kDuplicate);
  EXPECT_EQ(set_->size(), 4U);
  EXPECT_EQ(set_->oldest_ms(), 10'000);
  EXPECT_EQ(CommitAt(4, 16'500), Verdict::kUnique);
  EXPECT_EQ(CommitAt(1, 10'001), Verdict::kLate);
  EXPECT_EQ(CommitAt(2, 10'001), Verdict::kLate);
  EXPECT_EQ(CommitAt(3, 10'001), Verdict::kDuplicate);
  EXPECT_EQ(set_->size(), 3U);
  EXPECT_EQ(set_->oldest_ms(), 10'100);
  EXPECT_EQ(CommitAt(1, 16'500), Verdict::kUnique) << "a forgotten event may come again";
}

TEST_P(SeenSetContract, AStageForgetsAtItsOwnStreamTime) {
  CommitAt(1, 10'000);
  const auto stage = set_->Begin();
  EXPECT_EQ(JudgeOne(*stage, At(1, 10'100)).verdict, Verdict::kDuplicate);
  stage->Observe(16'500);
  EXPECT_EQ(JudgeOne(*stage, At(1, 10'100)).verdict, Verdict::kUnique);
}

TEST_P(SeenSetContract, AStagedEntryIsForgottenLikeAConfirmedOne) {
  const auto stage = set_->Begin();
  JudgeOne(*stage, At(1, 10'000));
  JudgeOne(*stage, At(2, 16'500));
  EXPECT_EQ(JudgeOne(*stage, At(1, 10'050)).verdict, Verdict::kLate);
  stage->Confirm();
  EXPECT_THAT(Dump(*set_), SizeIs(1));
}

// ---------------------------------------------------------------------------------------- staging

TEST_P(SeenSetContract, ABatchSeesItsOwnDuplicates) {
  const auto stage = set_->Begin();
  const auto judged = JudgeAll(*stage, {{Id(1), kStart, 10},
                                        {Id(2), kStart, 11},
                                        {Id(1), kStart, 12},
                                        {Id(1), kStart + kWindow + 1, 13},
                                        {Id(1), kStart + kWindow + 2, 14}});
  EXPECT_EQ(judged[0].verdict, Verdict::kUnique);
  EXPECT_EQ(judged[1].verdict, Verdict::kUnique);
  EXPECT_EQ(judged[2].verdict, Verdict::kDuplicate);
  EXPECT_EQ(judged[2].first_offset, 10);
  EXPECT_EQ(judged[3].verdict, Verdict::kUnique);
  EXPECT_EQ(judged[4].verdict, Verdict::kDuplicate);
  EXPECT_EQ(judged[4].first_offset, 13);
  EXPECT_EQ(JudgeOne(*stage, At(2, kStart)).verdict, Verdict::kDuplicate) << "a later call too";
  std::vector<std::int64_t> fresh;
  for (const Sighting& sighting : stage->fresh()) fresh.push_back(sighting.offset);
  EXPECT_THAT(fresh, ElementsAre(10, 11, 13));
  stage->Confirm();
  EXPECT_EQ(Dump(*set_)[Id(1)], std::pair(kStart + kWindow + 1, std::int64_t{13}));
}

TEST_P(SeenSetContract, RollbackLeavesNoTrace) {
  CommitAt(1, kStart);
  const Contents before = Dump(*set_);
  {
    const auto stage = set_->Begin();
    for (std::uint64_t id = 1; id < 20'000; ++id) JudgeOne(*stage, At(id, kStart + 10 * kWindow));
    EXPECT_EQ(set_->size(), 1U) << "uncommitted ones are not counted";
  }
  EXPECT_EQ(Dump(*set_), before);
  EXPECT_EQ(set_->stream_time_ms(), kStart);
  EXPECT_EQ(CommitAt(1, kStart), Verdict::kDuplicate);
  EXPECT_EQ(CommitAt(2, kStart), Verdict::kUnique);
  EXPECT_EQ(CommitAt(3, kStart - kWindow), Verdict::kUnique);
}

TEST_P(SeenSetContract, ConfirmWithoutNewSightingsKeepsStreamTime) {
  CommitAt(1, kStart);
  const auto stage = set_->Begin();
  JudgeOne(*stage, At(1, kStart + 3));
  stage->Confirm();
  EXPECT_THAT(stage->fresh(), IsEmpty());
  EXPECT_EQ(set_->stream_time_ms(), kStart + 3);
}

// ------------------------------------------------------------------------- restore, forget, clear

TEST_P(SeenSetContract, RestoreAddsAndLaterEntriesReplace) {
  set_->Restore(std::vector<Sighting>{{Id(1), kStart, 1}, {Id(2), kStart, 2}}, kStart);
  set_->Restore(std::vector<Sighting>{{Id(1), kStart + kWindow + 1, 3}}, kStart + kWindow + 7);
  EXPECT_EQ(set_->stream_time_ms(), kStart + kWindow + 7);
  EXPECT_EQ(Commit(*set_, {Id(1), kStart + kWindow + 8, 9}).first_offset, 3);
  EXPECT_EQ(set_->size(), 2U);
}

TEST_P(SeenSetContract, ForgetFromDropsWhatWasClaimedThereOrLater) {
  for (std::int64_t offset = 0; offset < 5000; ++offset)
    Commit(*set_, {Id(static_cast<std::uint64_t>(offset)), kStart + offset, offset});
  set_->ForgetFrom(2000, kStart + 1999);
  EXPECT_EQ(set_->size(), 2000U);
  EXPECT_EQ(set_->stream_time_ms(), kStart + 1999);
  EXPECT_EQ(CommitAt(1999, kStart + 1999), Verdict::kDuplicate);
  EXPECT_EQ(CommitAt(2000, kStart + 1999), Verdict::kUnique);
  EXPECT_EQ(CommitAt(2001, kStart + 1999 - kWindow), Verdict::kUnique) << "stream time went back";
}

TEST_P(SeenSetContract, WhatWasForgottenStaysForgottenWhenStreamTimeGoesBack) {
  std::vector<Sighting> many;
  for (std::uint64_t id = 0; id < 100'000; ++id) many.push_back(At(id, kStart));
  set_->Restore(many, kStart);
  Advance(kStart + 2 * kWindow);
  set_->ForgetFrom(kTwo62, kStart);
  EXPECT_EQ(set_->size(), 1U) << "whether or not its memory was freed before";
}

TEST_P(SeenSetContract, ClearForgetsEverything) {
  CommitAt(1, kStart);
  set_->Clear();
  EXPECT_EQ(set_->size(), 0U);
  EXPECT_EQ(set_->stream_time_ms(), 0);
  EXPECT_EQ(CommitAt(1, 5), Verdict::kUnique);
}

// ---------------------------------------------------------------------------------------- extremes

TEST_P(SeenSetContract, TakesTheLargestAndSmallestOffsetsAndTimes) {
  constexpr std::int64_t kLast = std::numeric_limits<std::int64_t>::max();
  for (const std::int64_t window :
       {std::int64_t{1}, std::int64_t{63}, std::int64_t{127}, std::int64_t{366} * 24 * 3'600'000}) {
    SCOPED_TRACE(window);
    const auto set = GetParam().open(window);
    EXPECT_EQ(Commit(*set, {Id(1), 1, 0}).verdict, Verdict::kUnique);
    EXPECT_EQ(Commit(*set, {Id(1), 1 + window, kTwo62}).verdict, Verdict::kDuplicate);
    EXPECT_EQ(Commit(*set, {Id(1), 2 + window, kTwo62}).verdict, Verdict::kUnique);
    EXPECT_EQ(Commit(*set, {Id(2), kLast - window, kTwo62 + 1}).verdict, Verdict::kUnique);
    const Judgement last = Commit(*set, {Id(2), kLast, kTwo62 + 2});
    EXPECT_EQ(last.verdict, Verdict::kDuplicate);
    EXPECT_EQ(last.first_offset, kTwo62 + 1);
    EXPECT_EQ(Commit(*set, {Id(1), 1, kTwo62 + 3}).verdict, Verdict::kLate);
    EXPECT_EQ(set->size(), 1U);
  }
}

TEST(StillRemembered, IsAFunctionOfTheBucket) {
  EXPECT_TRUE(StillRemembered(10'000, 16'499, kWindow));
  EXPECT_FALSE(StillRemembered(10'000, 16'500, kWindow));
  EXPECT_FALSE(StillRemembered(10'099, 16'500, kWindow));
  EXPECT_TRUE(StillRemembered(10'100, 16'500, kWindow));
  EXPECT_TRUE(StillRemembered(1, 5, kWindow)) << "before a window has passed at all";
  EXPECT_TRUE(StillRemembered(4, 5, 1)) << "buckets of 1 ms: exactly the window";
  EXPECT_FALSE(StillRemembered(3, 5, 1));
}

}  // namespace
}  // namespace semel::seen_set_test
