#include "redis/address.h"

#include <gtest/gtest.h>

namespace semel::redis {
namespace {

TEST(Address, ReadsEveryPart) {
  const auto all = ParseAddress("rediss://semel@cache.example:6380/3");
  ASSERT_TRUE(all);
  EXPECT_TRUE(all->tls);
  EXPECT_EQ(all->user, "semel");
  EXPECT_EQ(all->host, "cache.example");
  EXPECT_EQ(all->port, 6380);
  EXPECT_EQ(all->database, 3);
  EXPECT_EQ(ToString(*all), "rediss://cache.example:6380/3");
}

TEST(Address, HasRedisDefaults) {
  const auto bare = ParseAddress("redis://cache/");
  ASSERT_TRUE(bare);
  EXPECT_FALSE(bare->tls);
  EXPECT_EQ(ToString(*bare), "redis://cache:6379/0");
  const auto v6 = ParseAddress("redis://[::1]:7000");
  ASSERT_TRUE(v6);
  EXPECT_EQ(v6->host, "::1");
  EXPECT_EQ(ToString(*v6), "redis://[::1]:7000/0");
}

TEST(Address, RefusesWhatItCannotRead) {
  for (const char* url :
       {"", "cache", "http://cache", "redis://", "redis://:6379", "redis://cache:0",
        "redis://cache:x", "redis://cache:70000", "redis://cache/x", "redis://cache/-1",
        "redis://@cache", "redis://a/b/c", "redis://a b"}) {
    const auto address = ParseAddress(url);
    ASSERT_FALSE(address) << url;
    EXPECT_EQ(address.error().action, Action::kFix) << url;
  }
}

TEST(Address, APasswordIsRefusedAndNotRepeated) {
  const auto address = ParseAddress("redis://semel:hush@cache");
  ASSERT_FALSE(address);
  EXPECT_EQ(address.error().message.find("hush"), std::string::npos);
  EXPECT_NE(address.error().message.find("--redis-password-file"), std::string::npos);
}

}  // namespace
}  // namespace semel::redis
