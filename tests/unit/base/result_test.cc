#include "semel/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace semel {
namespace {

Result<int> Half(int number) {
  if (number % 2 != 0) return Error{Action::kFix, std::to_string(number) + " is odd"};
  return number / 2;
}

Result<std::string> Quarter(int number) {
  SEMEL_TRY_ASSIGN(const int half, Half(number));
  SEMEL_TRY_ASSIGN(const int quarter, Half(half));
  return std::to_string(quarter);
}

Result<void> MustBeEven(int number) {
  SEMEL_TRY(Half(number));
  return {};
}

TEST(Result, HoldsAValueOrAnError) {
  EXPECT_EQ(*Quarter(12), "3");
  const auto odd = Quarter(6);
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().action, Action::kFix);
  EXPECT_EQ(odd.error().message, "3 is odd");
  EXPECT_TRUE(MustBeEven(2));
  EXPECT_EQ(MustBeEven(3).error().message, "3 is odd");
}

TEST(Result, GivesAwayWhatCanOnlyBeMoved) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(5);
  const std::unique_ptr<int> value = *std::move(result);
  EXPECT_EQ(*value, 5);
}

TEST(ResultDeathTest, ReadingTheOtherSideEndsTheProcess) {
  EXPECT_DEATH(static_cast<void>(*Half(3)), "");
  EXPECT_DEATH(static_cast<void>(Half(2).error()), "");
  EXPECT_DEATH(static_cast<void>(MustBeEven(2).error()), "");
}

TEST(ExitCode, FollowsTheAction) {
  EXPECT_EQ(ExitCode({Action::kFail, ""}), 1);
  EXPECT_EQ(ExitCode({Action::kFix, ""}), 2);
  EXPECT_EQ(ExitCode({Action::kConnect, ""}), 3);
  EXPECT_EQ(ExitCode({Action::kRetry, ""}), 3);
  EXPECT_EQ(ExitCode({Action::kStop, ""}), 4);
  EXPECT_EQ(ExitCode({Action::kFenced, ""}), 1);
  EXPECT_STREQ(ToString(Action::kRejectRecord), "reject-record");
}

}  // namespace
}  // namespace semel
