#include "wiring/log_watch.h"

#include <gtest/gtest.h>

#include "mock_cluster.h"

namespace semel {
namespace {

/// Counts the looks.
class Memory final : public ingest::EdgeMemory {
 public:
  void Ask(std::span<const Fingerprint>, std::span<bool>, std::function<void()> done) override {
    done();
  }
  void Remember(std::span<const Fingerprint>) override {}
  void Look(ingest::LogEnds) override { ++looks; }
  std::uint64_t entries() const override { return 0; }

  int looks = 0;
};

TEST(LogWatch, ATopicThatCannotBeSeenIsNotInTheWayOfOthers) {
  const MockCluster cluster;
  cluster.CreateTopic("there", 2);
  cluster.CreateTopic("forbidden", 1);
  cluster.FailNextListOffsets(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  SilentLogger log;
  const auto memory = std::make_shared<Memory>();
  auto admin = kafka::Admin::Open(cluster.Settings(), log);
  ASSERT_TRUE(admin) << admin.error().message;
  const auto watch =
      LogWatch::Start(*std::move(admin), {{"forbidden", 1, {memory}}, {"there", 2, {memory}}}, log);
  EXPECT_FALSE(watch);
  EXPECT_EQ(memory->looks, 1);
}

}  // namespace
}  // namespace semel
