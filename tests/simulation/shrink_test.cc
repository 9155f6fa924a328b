#include "shrink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace semel::simulation {
namespace {

using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Numbers(int count) {
  std::vector<std::string> numbers;
  for (int i = 0; i < count; ++i) numbers.push_back(std::to_string(i));
  return numbers;
}

bool Holds(const std::vector<std::string>& faults, const std::string& one) {
  return std::find(faults.begin(), faults.end(), one) != faults.end();
}

TEST(ShrinkTest, FindsTheFaultsThatAreNeeded) {
  const auto fails = [](const auto& faults) { return Holds(faults, "17") && Holds(faults, "80"); };
  EXPECT_THAT(Shrink(Numbers(100), fails, 1000), UnorderedElementsAre("17", "80"));
}

TEST(ShrinkTest, NeedsNoneWhereNoneIsNeeded) {
  EXPECT_THAT(Shrink(
                  Numbers(100), [](const auto&) { return true; }, 1000),
              IsEmpty());
}

TEST(ShrinkTest, KeepsWhatFailsWhenItHasTriedEnough) {
  int tries = 0;
  const auto fails = [&](const auto& faults) { return ++tries, Holds(faults, "17"); };
  EXPECT_TRUE(Holds(Shrink(Numbers(1000), fails, 5), "17"));
  EXPECT_EQ(tries, 5);
}

}  // namespace
}  // namespace semel::simulation
