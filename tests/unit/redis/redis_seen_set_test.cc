// What a set in Redis does beyond, and differently from, the others.
#include "redis/redis_seen_set.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/redis/one_redis.h"
#include "tests/unit/seen_set/helpers.h"

namespace semel::redis_test {
namespace {

using seen_set_test::Commit;
using seen_set_test::JudgeAll;
using seen_set_test::JudgeOne;
using seen_set_test::Key;

constexpr std::chrono::milliseconds kWindow{6400};
constexpr std::int64_t kStart = 1'000'000;

class RedisSeenSetTest : public testing::Test {
 protected:
  std::unique_ptr<SeenSet> Open(std::int32_t partition, bool start_over = false) {
    return redis::OpenRedisSeenSet(partition, lane_.claims, start_over);
  }

  const redis::ClaimSettings settings_ = Settings(kWindow, 128);
  Lane lane_{settings_};
};

TEST_F(RedisSeenSetTest, PartitionsAndProcessesShareIt) {
  Lane other(settings_);
  const auto here = Open(0);
  const auto there = redis::OpenRedisSeenSet(1, other.claims, false);
  EXPECT_EQ(Commit(*here, {Key(1, 128), kStart, 7}).verdict, Verdict::kUnique);
  const Judgement copy = Commit(*there, {Key(1, 128), kStart, 7});
  EXPECT_EQ(copy.verdict, Verdict::kDuplicate) << "the same offset, of another partition";
  EXPECT_EQ(copy.first_partition, 0);
  EXPECT_EQ(copy.first_offset, 7);
  EXPECT_EQ(Commit(*here, {Key(1, 128), kStart, 8}).first_partition, -1) << "its own";
}

TEST_F(RedisSeenSetTest, AClaimOfACrashedAttemptIsUniqueAgain) {
  {
    const auto set = Open(0);
    EXPECT_EQ(JudgeOne(*set->Begin(), {Key(1, 128), kStart, 7}).verdict, Verdict::kUnique);
  }
  const auto meanwhile = Open(1);
  EXPECT_EQ(Commit(*meanwhile, {Key(1, 128), kStart, 3}).verdict, Verdict::kDuplicate);
  const auto again = Open(0);
  EXPECT_EQ(Commit(*again, {Key(1, 128), kStart, 7}).verdict, Verdict::kUnique);
  EXPECT_EQ(Commit(*again, {Key(1, 128), kStart, 8}).verdict, Verdict::kDuplicate);
}

TEST_F(RedisSeenSetTest, AClaimOfACrashedAttemptIsKnownWithAnotherTimeToo) {
  // A record without a timestamp is judged by the clock, which has gone on.
  const auto set = Open(0);
  JudgeOne(*set->Begin(), {Key(1, 128), kStart, 7});
  EXPECT_EQ(Commit(*set, {Key(1, 128), kStart + 2 * kWindow.count(), 7}).verdict, Verdict::kUnique);
}

TEST_F(RedisSeenSetTest, WhatIsOlderThanTheWindowIsReplacedByOneOnly) {
  const std::int64_t later = kStart + kWindow.count() + 1;
  const auto a = Open(0);
  const auto b = Open(1);
  Commit(*a, {Key(1, 128), kStart, 7});
  EXPECT_EQ(Commit(*a, {Key(1, 128), later, 8}).verdict, Verdict::kUnique);
  EXPECT_EQ(Commit(*b, {Key(1, 128), later, 9}).verdict, Verdict::kDuplicate);
}

// Partitions are read at their own pace: what is ahead of one is no reason to call it late.
TEST_F(RedisSeenSetTest, PartitionsFarApartKeepTheirClaims) {
  const std::int64_t ahead = kStart + 10 * kWindow.count();
  const auto a = Open(0);
  const auto b = Open(1);
  EXPECT_EQ(Commit(*a, {Key(1, 128), ahead, 7}).verdict, Verdict::kUnique);
  EXPECT_EQ(Commit(*b, {Key(1, 128), kStart, 3}).verdict, Verdict::kUnique);
  const Judgement behind = Commit(*b, {Key(1, 128), kStart + 1, 4});
  EXPECT_EQ(behind.verdict, Verdict::kDuplicate);
  EXPECT_EQ(behind.first_offset, 3);
  const Judgement before = Commit(*a, {Key(1, 128), ahead + 1, 8});
  EXPECT_EQ(before.verdict, Verdict::kDuplicate);
  EXPECT_EQ(before.first_offset, 7);
}

TEST_F(RedisSeenSetTest, ACrashedAttemptWithTwoWindowsIsJudgedAsBefore) {
  const std::vector<Sighting> run = {{Key(1, 128), kStart, 10},
                                     {Key(1, 128), kStart + 1000, 11},
                                     {Key(1, 128), kStart + kWindow.count() + 1, 30}};
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto judged = JudgeAll(*Open(0)->Begin(), run);
    EXPECT_EQ(judged[0].verdict, Verdict::kUnique) << attempt;
    EXPECT_EQ(judged[1].verdict, Verdict::kDuplicate) << attempt;
    EXPECT_EQ(judged[1].first_offset, 10) << attempt;
    EXPECT_EQ(judged[2].verdict, Verdict::kUnique) << attempt;
  }
  EXPECT_EQ(Commit(*Open(1), {Key(1, 128), kStart, 5}).verdict, Verdict::kDuplicate);
}

// An id that comes again and again must not make its key grow for ever.
TEST_F(RedisSeenSetTest, TheLatestClaimsAreKeptAndACrashedAttemptComesOutAsBefore) {
  std::vector<Sighting> run;
  for (int i = 0; i < 40; ++i) {
    run.push_back({Key(1, 128), kStart + 2 * i * kWindow.count(), 10 + 2 * i});
    run.push_back({Key(1, 128), kStart + 2 * i * kWindow.count() + 1, 11 + 2 * i});
  }
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto judged = JudgeAll(*Open(0)->Begin(), run);
    for (std::size_t i = 0; i < run.size(); ++i)
      EXPECT_EQ(judged[i].verdict, i % 2 == 0 ? Verdict::kUnique : Verdict::kDuplicate) << i;
  }
  const auto value = OneRedis().Do({"GET", redis::EventKey(settings_.prefix, Key(1, 128), 128)});
  ASSERT_EQ(value.size(), 1U);
  EXPECT_EQ(std::ranges::count(value[0], ';'), 15);
}

// A record that the brokers refuse goes elsewhere: a copy of it comes out.
TEST_F(RedisSeenSetTest, AReleasedClaimMakesWayForACopy) {
  const auto set = Open(0);
  const Sighting refused{Key(1, 128), kStart, 7};
  JudgeOne(*set->Begin(), refused);
  const auto stage = set->Begin();
  ASSERT_TRUE(stage->Release(refused));
  EXPECT_EQ(JudgeOne(*stage, {Key(1, 128), kStart, 8}).verdict, Verdict::kUnique);
  ASSERT_TRUE(stage->Release(refused)) << "a second attempt";
  EXPECT_EQ(JudgeOne(*stage, {Key(1, 128), kStart, 9}).first_offset, 8) << "not its claim";
}

// The bytes of docs/formats/redis_claims.md.
TEST_F(RedisSeenSetTest, TheLastClaimIsWrittenFirst) {
  const auto set = Open(0);
  Commit(*set, {Key(1, 128), kStart, 7});
  Commit(*set, {Key(1, 128), kStart + kWindow.count() + 1, 8});
  EXPECT_EQ(OneRedis().Do({"GET", redis::EventKey(settings_.prefix, Key(1, 128), 128)}),
            std::vector<std::string>{"0/8/1006401;0/7/1000000"});
}

TEST_F(RedisSeenSetTest, AReleaseLeavesOtherClaimsOfTheEvent) {
  const std::int64_t later = kStart + kWindow.count() + 1;
  const auto set = Open(0);
  Commit(*set, {Key(1, 128), kStart, 7});
  JudgeOne(*set->Begin(), {Key(1, 128), later, 8});
  const auto stage = set->Begin();
  ASSERT_TRUE(stage->Release({Key(1, 128), later, 8}));
  EXPECT_EQ(JudgeOne(*stage, {Key(1, 128), kStart + 1, 9}).first_offset, 7);
  EXPECT_EQ(JudgeOne(*stage, {Key(1, 128), later, 10}).verdict, Verdict::kUnique);
}

TEST_F(RedisSeenSetTest, LateOnesAreNotClaimed) {
  const auto set = Open(0);
  Commit(*set, {Key(1, 128), kStart, 7});
  EXPECT_EQ(Commit(*set, {Key(2, 128), kStart - kWindow.count() - 1, 8}).verdict, Verdict::kLate);
  EXPECT_EQ(Commit(*set, {Key(2, 128), kStart, 9}).verdict, Verdict::kUnique);
}

TEST_F(RedisSeenSetTest, APartitionWithAPastNeedsItsMarker) {
  const Sighting sighting{Key(1, 128), kStart, 7};
  Judgement judgement;
  const auto restored = Open(0);
  restored->Restore({}, kStart);
  const auto forgotten = restored->Begin()->Judge({&sighting, 1}, {&judgement, 1});
  ASSERT_FALSE(forgotten);
  EXPECT_EQ(forgotten.error().action, Action::kStop);
  const auto accepted = Open(0, true);
  accepted->Restore({}, kStart);
  EXPECT_EQ(Commit(*accepted, sighting).verdict, Verdict::kUnique);
  EXPECT_TRUE(restored->Begin()->Judge({&sighting, 1}, {&judgement, 1})) << "it is there now";
}

TEST_F(RedisSeenSetTest, AnIdlePartitionIsAcceptedToo) {
  const auto accepted = Open(0, true);
  accepted->Restore({}, kStart);
  ASSERT_TRUE(accepted->Begin()->Observe(kStart));
  const auto restored = Open(0);
  restored->Restore({}, kStart);
  EXPECT_EQ(Commit(*restored, {Key(1, 128), kStart, 7}).verdict, Verdict::kUnique);
}

TEST_F(RedisSeenSetTest, RecordsWithoutAKeyGiveAPartitionAPastToo) {
  const auto set = Open(4);
  const auto stage = set->Begin();
  ASSERT_TRUE(stage->Observe(kStart));
  stage->Confirm();
  const auto restored = Open(4);
  restored->Restore({}, set->stream_time_ms());
  EXPECT_EQ(Commit(*restored, {Key(1, 128), kStart, 7}).verdict, Verdict::kUnique);
}

}  // namespace
}  // namespace semel::redis_test
