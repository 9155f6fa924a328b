#include "kafka/live_credentials.h"

#include <gmock/gmock.h>

#include <string>
#include <utility>

namespace semel::kafka {
namespace {

TEST(LiveCredentials, AreHeardOfByAllCopies) {
  const LiveCredentials credentials;
  const LiveCredentials copy = credentials;
  std::string heard;
  const auto listen = copy.Listen([&heard](const Credentials& newer) { heard = newer.password; });
  EXPECT_FALSE(copy.Newer());
  credentials.Set({"semel", "hunter3"});
  EXPECT_EQ(heard, "hunter3");
  EXPECT_EQ(copy.Newer()->username, "semel");
}

TEST(LiveCredentials, WhoComesLateHearsThemAtOnce) {
  const LiveCredentials credentials;
  credentials.Set({"semel", "hunter3"});
  std::string heard;
  const auto listen =
      credentials.Listen([&heard](const Credentials& newer) { heard = newer.password; });
  EXPECT_EQ(heard, "hunter3");
}

TEST(LiveCredentials, NobodyIsCalledWhoIsGone) {
  const LiveCredentials credentials;
  int calls = 0;
  LiveCredentials::Subscription kept;
  {
    auto moved = credentials.Listen([&calls](const Credentials& /*newer*/) { ++calls; });
    kept = std::move(moved);
    const auto ended = credentials.Listen([&calls](const Credentials& /*newer*/) { calls += 10; });
  }
  credentials.Set({"semel", "a"});
  EXPECT_EQ(calls, 1);
  kept.End();
  credentials.Set({"semel", "b"});
  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace semel::kafka
