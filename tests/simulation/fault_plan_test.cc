#include "fault_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace semel::simulation {
namespace {

using ::testing::IsSubsetOf;

std::vector<std::string> Taken(FaultPlan& plan, const std::vector<std::string>& sites) {
  for (int round = 0; round < 300; ++round) {
    for (const std::string& site : sites)
      plan.Ask(site, {{"lost", 0.02}, {"late", 0.02}, {"twice", 0.02}, {"cut", 0.02}});
  }
  return plan.taken();
}

/// Some seeds have next to nothing of these kinds.
std::uint64_t SeedWithFaults() {
  for (std::uint64_t seed = 1;; ++seed) {
    FaultPlan plan(seed, {});
    if (Taken(plan, {"a", "b"}).size() > 20) return seed;
  }
}

TEST(FaultPlanTest, OtherPlacesDoNotShuffleAPlacesFaults) {
  const std::uint64_t seed = SeedWithFaults();
  FaultPlan both(seed, {});
  FaultPlan one(seed, {});
  Taken(both, {"a", "b"});
  EXPECT_THAT(Taken(one, {"b"}), IsSubsetOf(both.taken()));
}

TEST(FaultPlanTest, AFaultTakenAwayLeavesTheOthers) {
  const std::uint64_t seed = SeedWithFaults();
  FaultPlan all(seed, {});
  std::vector<std::string> expected = Taken(all, {"a", "b"});
  const std::string gone = expected[5];
  expected.erase(expected.begin() + 5);
  FaultPlan without(seed, {.without = {gone}});
  EXPECT_EQ(Taken(without, {"a", "b"}), expected);
}

TEST(FaultPlanTest, OnlyTheChosenOnesHappen) {
  const std::uint64_t seed = SeedWithFaults();
  FaultPlan all(seed, {});
  const std::vector<std::string> chosen = {Taken(all, {"a", "b"})[3], all.taken()[9]};
  FaultPlan only(seed, {.only = std::set<std::string>(chosen.begin(), chosen.end())});
  EXPECT_EQ(Taken(only, {"a", "b"}), chosen);
}

TEST(FaultPlanTest, NothingHappensInACalm) {
  FaultPlan plan(SeedWithFaults(), {});
  plan.SetCalm(true);
  EXPECT_TRUE(Taken(plan, {"a", "b"}).empty());
}

TEST(FaultPlanTest, SeedsDiffer) {
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    FaultPlan plan(seed, {});
    sizes.insert(Taken(plan, {"a"}).size());
  }
  EXPECT_GT(sizes.size(), 5U);
}

}  // namespace
}  // namespace semel::simulation
