#include "ingest/token_bucket.h"

#include <gtest/gtest.h>

namespace semel::ingest {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(TokenBucket, HoldsASecondsWorth) {
  TokenBucket bucket(10);
  const TokenBucket::Time start{};
  EXPECT_FALSE(bucket.Take(10, start));
  EXPECT_EQ(bucket.Take(1, start), seconds(1));
  EXPECT_FALSE(bucket.Take(1, start + milliseconds(200)));
  EXPECT_FALSE(bucket.Take(10, start + seconds(1000)));  // no more than a second's worth
  EXPECT_TRUE(bucket.Take(1, start + seconds(1000)));
}

TEST(TokenBucket, ALargeRequestPassesAndOthersWait) {
  TokenBucket bucket(10);
  const TokenBucket::Time start{};
  EXPECT_FALSE(bucket.Take(45, start));
  EXPECT_EQ(bucket.Take(1, start), seconds(4));
  EXPECT_TRUE(bucket.Take(1, start + seconds(3)));
  EXPECT_FALSE(bucket.Take(1, start + seconds(4)));
}

}  // namespace
}  // namespace semel::ingest
