#include "prove/window_model.h"

#include <gmock/gmock.h>

#include "history_builder.h"

namespace semel::prove {
namespace {

using testing::ElementsAre;

std::vector<Fate> FatesOf(HistoryBuilder& builder, const Rules& rules = RulesOfTests()) {
  std::vector<Fate> fates;
  for (const Judged& judged : JudgeInput(builder.histories(), rules)) fates.push_back(judged.fate);
  return fates;
}

constexpr auto kU = Fate::kUnique;
constexpr auto kD = Fate::kDuplicate;

TEST(WindowModel, TheEdgeBelongsToTheWindow) {
  HistoryBuilder builder;
  builder.In(0, 1, kStart).In(0, 2, kStart).In(0, 1, kStart + kWindow);
  builder.In(0, 2, kStart + kWindow + 1);
  EXPECT_THAT(FatesOf(builder), ElementsAre(kU, kU, kD, kU));
}

TEST(WindowModel, ADuplicateDoesNotProlong) {
  HistoryBuilder builder;
  builder.In(0, 1, kStart).In(0, 1, kStart + kWindow / 2).In(0, 1, kStart + kWindow + 1);
  builder.In(0, 1, kStart + kWindow + 2);
  EXPECT_THAT(FatesOf(builder), ElementsAre(kU, kD, kU, kD));
}

TEST(WindowModel, AnEarlierTimeWithinTheWindowIsADuplicateToo) {
  HistoryBuilder builder;
  builder.In(0, 1, kStart + kWindow).In(0, 1, kStart);
  EXPECT_THAT(FatesOf(builder), ElementsAre(kU, kD));
}

TEST(WindowModel, BehindTheWindowIsLateAndNotRemembered) {
  HistoryBuilder builder;
  builder.In(0, 1, kStart + 2 * kWindow).In(0, 2, kStart + kWindow - 1);
  builder.In(0, 2, kStart + kWindow).In(0, 1, kStart + kWindow - 1);
  EXPECT_THAT(FatesOf(builder), ElementsAre(kU, Fate::kLate, kU, Fate::kLate));
}

TEST(WindowModel, AnEntryIsRememberedAsLongAsItsBucketIs) {
  // Buckets of 100 ms: that of kStart ends before kStart + 100.
  for (const std::int64_t ahead : {99, 100}) {
    HistoryBuilder builder;
    builder.In(0, 1, kStart).In(0, 2, kStart + kWindow + ahead).In(0, 1, kStart + kWindow);
    EXPECT_THAT(FatesOf(builder), ElementsAre(kU, kU, ahead < 100 ? kD : kU)) << ahead;
  }
}

TEST(WindowModel, PartitionsAreJudgedApart) {
  HistoryBuilder builder;
  builder.In(0, 1, kStart + 5 * kWindow).In(1, 1, kStart).In(1, 1, kStart);
  EXPECT_THAT(FatesOf(builder), ElementsAre(kU, kU, kD));
}

TEST(WindowModel, MissingAndInvalidMoveStreamTimeOnly) {
  HistoryBuilder builder;
  builder.In(0, 1, kStart, Outcome::kInvalid).In(0, 1, kStart + 2 * kWindow, Outcome::kMissing);
  builder.In(0, 1, kStart);
  EXPECT_THAT(FatesOf(builder), ElementsAre(Fate::kInvalid, Fate::kMissing, Fate::kLate));
}

TEST(WindowModel, MissingIsJudgedWhenTheRulesSaySo) {
  Rules rules = RulesOfTests();
  rules.judge_missing = true;
  HistoryBuilder builder;
  builder.In(0, 1, kStart, Outcome::kMissing).In(0, 1, kStart, Outcome::kMissing);
  EXPECT_THAT(FatesOf(builder, rules), ElementsAre(kU, kD));
}

TEST(WindowModel, WithoutAUsableTimestampTheChangelogKnowsTheTime) {
  Rules rules = RulesOfTests();
  const std::int64_t future = rules.now_ms + 60LL * 60 * 1000 + 1;
  HistoryBuilder builder;
  builder.In(0, 1, -1).In(0, 2, future).In(0, 3, 0).In(0, 1, kStart + kWindow);
  builder.Log(0, 0, 3, {0, 1});
  builder.histories().changelog->entries[0].sighting.time_ms = kStart;
  builder.histories().changelog->entries[1].sighting.time_ms = kStart + 1;
  const auto judged = JudgeInput(builder.histories(), rules);
  EXPECT_EQ(judged[0].time_ms, kStart);
  EXPECT_EQ(judged[1].time_ms, kStart + 1);
  EXPECT_EQ(judged[2].time_ms, rules.now_ms);
}

}  // namespace
}  // namespace semel::prove
