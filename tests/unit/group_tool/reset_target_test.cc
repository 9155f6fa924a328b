#include "group_tool/reset_target.h"

#include <gtest/gtest.h>

#include "group_tool/reset.h"

namespace semel::group_tool {
namespace {

ResetTarget Parsed(std::string_view text) {
  const auto target = ParseResetTarget(text);
  EXPECT_TRUE(target) << text;
  return target ? *target : ResetTarget{};
}

PartitionFindings Findings() {
  return {.at = {"orders", 3},
          .marks = {.low = 10, .last_stable = 90, .high = 100},
          .committed = 50,
          .at_time = 70};
}

kafka::Offset Resolved(const ResetTarget& target) {
  const auto offset = Resolve(target, Findings());
  EXPECT_TRUE(offset);
  return offset ? *offset : -1;
}

TEST(ResetTarget, EveryFormIsRead) {
  EXPECT_EQ(Parsed("beginning"), (ResetTarget{Place::Beginning()}));
  EXPECT_EQ(Parsed("end"), (ResetTarget{Place::End()}));
  EXPECT_EQ(Parsed("0"), (ResetTarget{Place::Offset(0)}));
  EXPECT_EQ(Parsed("1200"), (ResetTarget{Place::Offset(1200)}));
  EXPECT_EQ(Parsed("-100"), (ResetTarget{Place::Committed(), 100}));
  EXPECT_EQ(Parsed("1970-01-02"), (ResetTarget{Place::Time(86'400'000)}));
  EXPECT_EQ(Parsed("1970-01-01T00:00:01Z"), (ResetTarget{Place::Time(1000)}));
}

TEST(ResetTarget, WhatIsNoneIsRefusedWithItsText) {
  for (const char* text : {"", "earliest", "latest", "-", "--1", "1.5", "12x", "-1h", "+5",
                           "99999999999999999999", "2026-13-01", "2026-11-23T09:00:00"}) {
    const auto target = ParseResetTarget(text);
    ASSERT_FALSE(target) << text;
    EXPECT_EQ(target.error().action, Action::kFix);
    EXPECT_NE(target.error().message.find(std::string("--to ") + text), std::string::npos);
  }
}

TEST(ResetTarget, EachLeadsToItsOffset) {
  EXPECT_EQ(Resolved({Place::Beginning()}), 10);
  EXPECT_EQ(Resolved({Place::End()}), 90) << "what an open transaction holds is yet to come";
  EXPECT_EQ(Resolved({Place::Time(5)}), 70);
  EXPECT_EQ(Resolved({Place::Committed(), 20}), 30);
  EXPECT_EQ(Resolved({Place::Committed(), 1000}), 10) << "not before the beginning";
}

TEST(ResetTarget, AnOffsetHasToBeThere) {
  EXPECT_EQ(Resolved({Place::Offset(10)}), 10);
  EXPECT_EQ(Resolved({Place::Offset(100)}), 100);
  for (const kafka::Offset offset : {9, 101}) {
    const auto resolved = Resolve({Place::Offset(offset)}, Findings());
    ASSERT_FALSE(resolved);
    EXPECT_EQ(resolved.error().action, Action::kFix);
    EXPECT_NE(resolved.error().message.find("orders [3]"), std::string::npos);
    EXPECT_NE(resolved.error().message.find("10 to 100"), std::string::npos);
  }
}

TEST(ResetTarget, BackNeedsACommittedOffset) {
  PartitionFindings findings = Findings();
  findings.committed.reset();
  EXPECT_FALSE(Resolve({Place::Committed(), 1}, findings));
  EXPECT_TRUE(Resolve({Place::Beginning()}, findings));
}

TEST(TopicChoice, ATopicOrOneOfItsPartitions) {
  EXPECT_EQ(ParseTopicChoice("orders")->topic, "orders");
  EXPECT_FALSE(ParseTopicChoice("orders")->partition);
  EXPECT_EQ(ParseTopicChoice("orders:12")->topic, "orders");
  EXPECT_EQ(ParseTopicChoice("orders:12")->partition, 12);
  for (const char* text : {"orders:", "orders:x", "orders:-1", "orders:1x", ":1"})
    EXPECT_FALSE(ParseTopicChoice(text)) << text;
}

}  // namespace
}  // namespace semel::group_tool
