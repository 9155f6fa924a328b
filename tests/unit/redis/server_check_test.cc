#include "redis/server_check.h"

#include <gtest/gtest.h>

#include <string>

namespace semel::redis {
namespace {

std::string Info(const std::string& mode, const std::string& role, const std::string& limit,
                 const std::string& policy, const std::string& aof) {
  return "# Server\r\nredis_mode:" + mode + "\r\nloading:0\r\naof_enabled:" + aof +
         "\r\nmaxmemory:" + limit + "\r\nmaxmemory_policy:" + policy + "\r\nrole:" + role + "\r\n";
}

TEST(ServerCheck, TakesWhatNeverEvicts) {
  const auto unlimited = CheckServer(Info("standalone", "master", "0", "noeviction", "1"));
  ASSERT_TRUE(unlimited) << unlimited.error().message;
  EXPECT_TRUE(unlimited->empty());
  EXPECT_TRUE(CheckServer(Info("standalone", "master", "1000000", "noeviction", "1")));
}

TEST(ServerCheck, StopsWhereItMayEvict) {
  const auto evicts = CheckServer(Info("standalone", "master", "1000000", "volatile-ttl", "1"));
  ASSERT_FALSE(evicts);
  EXPECT_EQ(evicts.error().action, Action::kStop);
  EXPECT_NE(evicts.error().message.find("volatile-ttl"), std::string::npos);
  EXPECT_FALSE(CheckServer(Info("standalone", "master", "0", "allkeys-lru", "1")))
      << "a limit may be set later";
}

TEST(ServerCheck, KnowsWhatIsNotSupportedAndWhatPasses) {
  const auto refused = [](const std::string& info) {
    const auto checked = CheckServer(info);
    return checked ? Action::kFail : checked.error().action;
  };
  EXPECT_EQ(refused(Info("cluster", "master", "0", "noeviction", "1")), Action::kFix);
  EXPECT_EQ(refused(Info("sentinel", "master", "0", "noeviction", "1")), Action::kFix);
  EXPECT_EQ(refused("\r\nrole:master\r\n"), Action::kFix) << "it does not tell";
  EXPECT_EQ(refused(Info("standalone", "slave", "0", "noeviction", "1")), Action::kRetry);
  EXPECT_EQ(refused("\r\nloading:1\r\nrole:master\r\n"), Action::kRetry);
}

TEST(ServerCheck, WarnsWithoutAnAppendOnlyFile) {
  const auto warned = CheckServer(Info("standalone", "master", "0", "noeviction", "0"));
  ASSERT_TRUE(warned);
  ASSERT_EQ(warned->size(), 1U);
  EXPECT_NE(warned->front().find("appendonly yes"), std::string::npos);
}

}  // namespace
}  // namespace semel::redis
