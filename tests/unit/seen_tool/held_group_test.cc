#include "seen_tool/held_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

namespace semel::seen_tool {
namespace {

using kafka::Partition;
using kafka::Rebalance;
using ::testing::HasSubstr;

class EmptyBatch final : public kafka::Batch {
 public:
  std::span<const Record> records() const override { return {}; }
  std::size_t bytes() const override { return 0; }
};

/// Announces what it was told to.
class FakeConsumer final : public kafka::InputConsumer {
 public:
  FakeConsumer(std::deque<Rebalance>& announced, kafka::GroupToken token)
      : announced_(announced), token_(std::move(token)) {}

  Result<kafka::Polled> Poll(kafka::Milliseconds /*timeout*/,
                             std::size_t /*max_records*/) override {
    kafka::Polled polled;
    polled.batch = std::make_unique<EmptyBatch>();
    if (announced_.empty()) return polled;
    polled.rebalance = announced_.front();
    announced_.pop_front();
    return polled;
  }
  Result<void> Acknowledge(const Rebalance& /*rebalance*/) override { return {}; }
  Result<void> StartFetching(const std::map<Partition, kafka::Offset>& /*positions*/) override {
    return {};
  }
  Result<void> StopFetching(std::span<const Partition> /*partitions*/) override { return {}; }
  Result<void> Seek(const std::map<Partition, kafka::Offset>& /*positions*/) override { return {}; }
  std::optional<kafka::Offset> KnownEnd(Partition /*partition*/) override { return std::nullopt; }
  Result<kafka::GroupToken> Membership() override { return token_; }
  void CommitForDisplay(const std::map<kafka::Partition, kafka::Offset>& /*positions*/) override {}
  Result<void> Leave(kafka::Milliseconds /*timeout*/) override { return {}; }

 private:
  std::deque<Rebalance>& announced_;
  kafka::GroupToken token_;
};

class HeldGroupTest : public ::testing::Test {
 protected:
  Result<HeldGroup> Take() {
    return HeldGroup::Take(std::make_unique<FakeConsumer>(announced_, token_), "semel.orders", 3);
  }
  static void ExpectShared(const Error& error) {
    EXPECT_EQ(error.action, Action::kStop);
    EXPECT_THAT(error.message, HasSubstr("another member is in group semel.orders"));
  }

  std::deque<Rebalance> announced_{{Rebalance::Kind::kAssigned, {0, 1, 2}}};
  kafka::GroupToken token_{.serialized = "token", .generation = 4, .member_id = "us"};
};

TEST_F(HeldGroupTest, AllPartitionsAreOurs) {
  auto held = Take();
  ASSERT_TRUE(held);
  EXPECT_TRUE(held->StillOurs());
  const auto token = held->Token();
  ASSERT_TRUE(token);
  EXPECT_EQ(token->generation, 4);
}

TEST_F(HeldGroupTest, SomebodyElseHasTheOthers) {
  announced_.front().partitions = {0, 2};
  const auto held = Take();
  ASSERT_FALSE(held);
  ExpectShared(held.error());
}

TEST_F(HeldGroupTest, SomebodyCameLater) {
  auto held = Take();
  ASSERT_TRUE(held);
  announced_.push_back({Rebalance::Kind::kRevoked, {0, 1, 2}});
  const auto token = held->Token();
  ASSERT_FALSE(token);
  ExpectShared(token.error());
}

TEST_F(HeldGroupTest, WithoutMembershipNothingIsSent) {
  token_.member_id.clear();
  auto held = Take();
  ASSERT_TRUE(held);
  EXPECT_FALSE(held->Token());
}

}  // namespace
}  // namespace semel::seen_tool
