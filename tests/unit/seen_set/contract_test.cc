// What every seen-set must do, wherever it lives. Programs of tests say which: Kinds().
#include "tests/unit/seen_set/contract.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace semel::seen_set_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class SeenSetContract : public OneSet {};

INSTANTIATE_TEST_SUITE_P(Sets, SeenSetContract, testing::ValuesIn(Kinds()),
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
}

TEST_P(SeenSetContract, FingerprintsDifferInTheirLastByteOnly) {
  Sighting a = At(1, kStart);
  Sighting b = At(1, kStart);
  b.fingerprint.bytes[static_cast<std::size_t>(GetParam().bits) / 8 - 1] ^= 1;
  EXPECT_EQ(Commit(*set_, a).verdict, Verdict::kUnique);
  EXPECT_EQ(Commit(*set_, b).verdict, Verdict::kUnique);
  b.offset = ++offset_;
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
  many.front().offset = ++offset_;
  EXPECT_EQ(Commit(*set_, many.front()).verdict, Verdict::kDuplicate);
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
  EXPECT_EQ(Commit(*set_, {Id(1), kStart, 500}).first_offset, 101);
}

TEST_P(SeenSetContract, AnUnknownEventIsLateBelowStreamTimeLessWindow) {
  Advance(kStart);
  EXPECT_EQ(CommitAt(1, kStart - kWindow), Verdict::kUnique);
  EXPECT_EQ(CommitAt(2, kStart - kWindow - 1), Verdict::kLate);
}

TEST_P(SeenSetContract, LateNeverEnters) {
  Advance(kStart);
  EXPECT_EQ(CommitAt(1, kStart - kWindow - 1), Verdict::kLate);
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
  EXPECT_TRUE(stage->Observe(kStart));
  EXPECT_TRUE(stage->Observe(kStart - 5));
  EXPECT_EQ(stage->stream_time_ms(), kStart);
  EXPECT_EQ(set_->stream_time_ms(), 0);
  EXPECT_EQ(JudgeOne(*stage, At(1, kStart - kWindow - 1)).verdict, Verdict::kLate);
  stage->Confirm();
  EXPECT_EQ(set_->stream_time_ms(), kStart);
}

TEST_P(SeenSetContract, WhatIsObservedBetweenSightingsCountsForThoseBehindIt) {
  const auto stage = set_->Begin();
  const std::vector<Sighting> sightings = {At(1, kStart), At(2, kStart), At(3, kStart)};
  const std::vector<std::int64_t> observed = {0, kStart - 5, kStart + kWindow + 1};
  std::vector<Judgement> judgements(3);
  ASSERT_TRUE(stage->Judge(sightings, observed, judgements));
  EXPECT_EQ(judgements[0].verdict, Verdict::kUnique);
  EXPECT_EQ(judgements[1].verdict, Verdict::kUnique);
  EXPECT_EQ(judgements[2].verdict, Verdict::kLate);
  EXPECT_EQ(stage->stream_time_ms(), kStart + kWindow + 1);
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
  EXPECT_EQ(Commit(*set_, {Id(1), kStart + kWindow + 1, 20}).first_offset, 13);
}

TEST_P(SeenSetContract, ConfirmWithoutNewSightingsKeepsStreamTime) {
  CommitAt(1, kStart);
  const auto stage = set_->Begin();
  JudgeOne(*stage, At(1, kStart + 3));
  stage->Confirm();
  EXPECT_THAT(stage->fresh(), IsEmpty());
  EXPECT_EQ(set_->stream_time_ms(), kStart + 3);
}

}  // namespace
}  // namespace semel::seen_set_test
