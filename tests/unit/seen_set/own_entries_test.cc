// What a set does that holds its entries itself: it lists, restores and forgets them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/seen_set/contract.h"

namespace semel::seen_set_test {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class OwnEntries : public OneSet {};

INSTANTIATE_TEST_SUITE_P(Sets, OwnEntries, testing::ValuesIn(Kinds()),
                         [](const auto& param) { return param.param.name; });

TEST_P(OwnEntries, TheFirstSightIsListedAndReplacedAfterTheWindow) {
  Commit(*set_, {Id(1), kStart, 7});
  Commit(*set_, {Id(1), kStart + 5, 8});
  EXPECT_EQ(CommitAt(2, kStart - kWindow - 1), Verdict::kLate);
  EXPECT_THAT(Dump(*set_), ElementsAre(std::pair(Id(1), std::pair(kStart, std::int64_t{7}))));
  const std::int64_t second = kStart + kWindow + 1;
  Commit(*set_, {Id(1), second, 500});
  EXPECT_EQ(set_->size(), 1U);
  EXPECT_THAT(Dump(*set_), ElementsAre(std::pair(Id(1), std::pair(second, std::int64_t{500}))));
}

TEST_P(OwnEntries, ABucketIsForgottenWhenAllOfItIsTooOld) {
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

TEST_P(OwnEntries, AStageForgetsAtItsOwnStreamTime) {
  CommitAt(1, 10'000);
  const auto stage = set_->Begin();
  EXPECT_EQ(JudgeOne(*stage, At(1, 10'100)).verdict, Verdict::kDuplicate);
  EXPECT_TRUE(stage->Observe(16'500));
  EXPECT_EQ(JudgeOne(*stage, At(1, 10'100)).verdict, Verdict::kUnique);
}

TEST_P(OwnEntries, AStagedEntryIsForgottenLikeAConfirmedOne) {
  const auto stage = set_->Begin();
  JudgeOne(*stage, At(1, 10'000));
  JudgeOne(*stage, At(2, 16'500));
  EXPECT_EQ(JudgeOne(*stage, At(1, 10'050)).verdict, Verdict::kLate);
  stage->Confirm();
  EXPECT_THAT(Dump(*set_), SizeIs(1));
}

TEST_P(OwnEntries, RollbackLeavesNoTrace) {
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

TEST_P(OwnEntries, RestoreAddsAndLaterEntriesReplace) {
  set_->Restore(std::vector<Sighting>{{Id(1), kStart, 1}, {Id(2), kStart, 2}}, kStart);
  set_->Restore(std::vector<Sighting>{{Id(1), kStart + kWindow + 1, 3}}, kStart + kWindow + 7);
  EXPECT_EQ(set_->stream_time_ms(), kStart + kWindow + 7);
  EXPECT_EQ(Commit(*set_, {Id(1), kStart + kWindow + 8, 9}).first_offset, 3);
  EXPECT_EQ(set_->size(), 2U);
}

TEST_P(OwnEntries, ForgetFromDropsWhatWasClaimedThereOrLater) {
  for (std::int64_t offset = 0; offset < 5000; ++offset)
    Commit(*set_, {Id(static_cast<std::uint64_t>(offset)), kStart + offset, offset});
  set_->ForgetFrom(2000, kStart + 1999);
  EXPECT_EQ(set_->size(), 2000U);
  EXPECT_EQ(set_->stream_time_ms(), kStart + 1999);
  EXPECT_EQ(CommitAt(1999, kStart + 1999), Verdict::kDuplicate);
  EXPECT_EQ(CommitAt(2000, kStart + 1999), Verdict::kUnique);
  EXPECT_EQ(CommitAt(2001, kStart + 1999 - kWindow), Verdict::kUnique) << "stream time went back";
}

TEST_P(OwnEntries, WhatWasForgottenStaysForgottenWhenStreamTimeGoesBack) {
  std::vector<Sighting> many;
  for (std::uint64_t id = 0; id < 100'000; ++id) many.push_back(At(id, kStart));
  set_->Restore(many, kStart);
  Advance(kStart + 2 * kWindow);
  set_->ForgetFrom(kTwo62, kStart);
  EXPECT_EQ(set_->size(), 1U) << "whether or not its memory was freed before";
}

TEST_P(OwnEntries, ClearForgetsEverything) {
  CommitAt(1, kStart);
  set_->Clear();
  EXPECT_EQ(set_->size(), 0U);
  EXPECT_EQ(set_->stream_time_ms(), 0);
  EXPECT_EQ(CommitAt(1, 5), Verdict::kUnique);
}

TEST_P(OwnEntries, TakesTheLargestAndSmallestOffsetsAndTimes) {
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
