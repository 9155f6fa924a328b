#include "wiring/dedup_options.h"

#include <gmock/gmock.h>

namespace semel {
namespace {

using Kind = pipeline::Policy::Kind;
using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParsePolicy, TakesTheWordsOfItsFlagAndTopics) {
  const auto drop = ParsePolicy("--on-late", "drop", {"pass", "drop"});
  ASSERT_TRUE(drop);
  EXPECT_EQ(drop->kind, Kind::kDrop);
  const auto topic = ParsePolicy("--on-late", "topic:late.events", {"pass"});
  ASSERT_TRUE(topic);
  EXPECT_EQ(topic->kind, Kind::kTopic);
  EXPECT_EQ(topic->topic, "late.events");
}

TEST(ParsePolicy, RefusesTheRestByName) {
  for (const std::string text : {"mark", "", "topic", "topic:", "topic:a b", "topic:..", "Drop"}) {
    const auto policy = ParsePolicy("--on-late", text, {"pass", "drop"});
    ASSERT_FALSE(policy) << text;
    EXPECT_EQ(policy.error().action, Action::kFix);
    EXPECT_THAT(policy.error().message, HasSubstr("--on-late"));
  }
}

TEST(Policies, ShareATopicThatSeveralName) {
  PolicyChoices choices;
  choices.duplicate = {Kind::kTopic, "audit"};
  choices.invalid = {Kind::kTopic, "dead"};
  choices.late = {Kind::kTopic, "dead"};
  EXPECT_THAT(PolicyTopics(choices), ElementsAre("audit", "dead"));
  const auto policies = Resolve(choices, {{"out", 3}, {"seen", 3}, {"audit", 3}, {"dead", 3}});
  EXPECT_EQ(policies.duplicate.topic, 2);
  EXPECT_EQ(policies.invalid.topic, 3);
  EXPECT_EQ(policies.late.topic, 3);
  EXPECT_EQ(policies.missing.kind, Kind::kPass);
  EXPECT_EQ(policies.rejected.kind, Kind::kFail);
}

DedupOptions Named() {
  DedupOptions options;
  options.from = "in";
  options.to = "out";
  options.changelog = "seen";
  return options;
}

TEST(CheckNames, WantsATopicForEachUse) {
  EXPECT_TRUE(CheckNames(Named()));
  DedupOptions same = Named();
  same.to = "in";
  ASSERT_FALSE(CheckNames(same));
  EXPECT_THAT(CheckNames(same).error().message, HasSubstr("--from and --to"));
  DedupOptions changelog = Named();
  changelog.changelog = "out";
  EXPECT_FALSE(CheckNames(changelog));
  DedupOptions dead = Named();
  dead.policies.late = {Kind::kTopic, "in"};
  EXPECT_FALSE(CheckNames(dead));
  DedupOptions nameless = Named();
  nameless.to = "";
  EXPECT_FALSE(CheckNames(nameless));
}

}  // namespace
}  // namespace semel
