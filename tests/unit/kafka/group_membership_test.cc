#include "kafka/group_membership.h"

#include <gtest/gtest.h>

namespace semel::kafka {
namespace {

GroupToken Token(std::int32_t generation, const std::string& member_id) {
  return {.serialized = "token", .generation = generation, .member_id = member_id};
}

TEST(GroupMembership, TheFirstRebalanceGivesToWhoHoldsNothing) {
  GroupMembership membership;
  EXPECT_FALSE(membership.Renew(Token(1, "a"), false));
  EXPECT_EQ(membership.token().generation, 1);
}

TEST(GroupMembership, ALaterGenerationOfTheSameMember) {
  GroupMembership membership;
  static_cast<void>(membership.Renew(Token(1, "a"), false));
  EXPECT_FALSE(membership.Renew(Token(3, "a"), true));
  EXPECT_EQ(membership.token().generation, 3);
}

TEST(GroupMembership, AnotherMemberIdIsTakenBackOnce) {
  GroupMembership membership;
  static_cast<void>(membership.Renew(Token(1, "a"), false));
  EXPECT_TRUE(membership.Renew(Token(2, "b"), true));
  EXPECT_EQ(membership.token().member_id, "b");
  EXPECT_FALSE(membership.Renew(Token(3, "b"), true));
}

// The session ended, and the group does not know us at the moment.
TEST(GroupMembership, WithoutAMemberIdAndWithANewOne) {
  GroupMembership membership;
  static_cast<void>(membership.Renew(Token(1, "a"), false));
  EXPECT_TRUE(membership.Renew(Token(1, ""), true));
  EXPECT_FALSE(membership.token().fenced());
  EXPECT_TRUE(membership.Renew(Token(2, "b"), true));
}

TEST(GroupMembership, WhatWasLostLeavesNothingToBelieve) {
  GroupMembership membership;
  static_cast<void>(membership.Renew(Token(1, "a"), false));
  membership.Suspend();
  EXPECT_FALSE(membership.token().fenced());
  EXPECT_FALSE(membership.Renew(Token(2, "b"), false));
  EXPECT_TRUE(membership.token().fenced());
}

// No offsets are sent meanwhile, but who holds the partitions is not forgotten.
TEST(GroupMembership, SuspendedAndStillAMember) {
  GroupMembership membership;
  static_cast<void>(membership.Renew(Token(1, "a"), false));
  membership.Suspend();
  EXPECT_FALSE(membership.Renew(Token(2, "a"), true));
}

}  // namespace
}  // namespace semel::kafka
