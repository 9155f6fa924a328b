#include "group_tool/describe.h"

#include <gtest/gtest.h>

#include "group_tool/reset_target.h"

namespace semel::group_tool {
namespace {

TEST(Lag, IsWhatACommittedReaderHasLeft) {
  const kafka::Watermarks marks{.low = 10, .last_stable = 90, .high = 100};
  EXPECT_EQ(LagOf(marks, 50), 40);
  EXPECT_EQ(LagOf(marks, 90), 0);
  EXPECT_EQ(LagOf(marks, 95), 0) << "of a read_uncommitted consumer";
  EXPECT_EQ(LagOf(marks, 3), 80) << "what was deleted cannot be read any more";
}

TEST(MemberText, GroupsPartitionsByTopic) {
  EXPECT_EQ(ToText({}), "-");
  EXPECT_EQ(ToText({{"orders", 0}}), "orders 0");
  EXPECT_EQ(ToText({{"orders", 0}, {"orders", 2}, {"returns", 1}}), "orders 0,2 returns 1");
}

}  // namespace
}  // namespace semel::group_tool
