#include "kafka/join_watch.h"

#include <gtest/gtest.h>

namespace semel::kafka {
namespace {

constexpr std::int16_t kOffsetCommit = 8;
constexpr std::int16_t kJoinGroup = 11;
constexpr std::int16_t kHeartbeat = 12;
constexpr std::int16_t kLeaveGroup = 13;
constexpr std::int16_t kSyncGroup = 14;
constexpr rd_kafka_resp_err_t kAnswered = RD_KAFKA_RESP_ERR_NO_ERROR;

TEST(JoinWatch, LastsUntilTheGroupSaysWhatIsWhose) {
  JoinWatch watch;
  EXPECT_FALSE(watch.joining());
  watch.Sent(kJoinGroup);
  EXPECT_TRUE(watch.joining());
  watch.Ended(kJoinGroup, kAnswered);
  watch.Sent(kSyncGroup);
  EXPECT_TRUE(watch.joining());
  watch.Ended(kSyncGroup, kAnswered);
  EXPECT_FALSE(watch.joining());
}

TEST(JoinWatch, EndsWithoutAnAnswer) {
  JoinWatch watch;
  watch.Sent(kJoinGroup);
  watch.Ended(kJoinGroup, RD_KAFKA_RESP_ERR__TRANSPORT);
  EXPECT_FALSE(watch.joining());
  watch.Sent(kJoinGroup);
  watch.Ended(kJoinGroup, kAnswered);
  watch.Sent(kSyncGroup);
  watch.Ended(kSyncGroup, RD_KAFKA_RESP_ERR__TIMED_OUT);
  EXPECT_FALSE(watch.joining());
}

TEST(JoinWatch, EndsForWhoLeaves) {
  JoinWatch watch;
  watch.Sent(kJoinGroup);
  watch.Sent(kLeaveGroup);
  EXPECT_FALSE(watch.joining());
}

TEST(JoinWatch, LooksAtNothingElse) {
  JoinWatch watch;
  watch.Sent(kHeartbeat);
  watch.Sent(kOffsetCommit);
  EXPECT_FALSE(watch.joining());
  watch.Sent(kJoinGroup);
  watch.Ended(kHeartbeat, kAnswered);
  watch.Ended(kOffsetCommit, kAnswered);
  EXPECT_TRUE(watch.joining());
}

}  // namespace
}  // namespace semel::kafka
