#include "wiring/topic_checks.h"

#include <gmock/gmock.h>

namespace semel {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

constexpr std::chrono::hours kWindow{24};
constexpr std::int64_t kDayMs = 24LL * 3600 * 1000;

KnownTopic Good(const std::string& name, kafka::TopicConfig more = {}) {
  kafka::TopicConfig config = {{"min.insync.replicas", "2"},
                               {"unclean.leader.election.enable", "false"},
                               {"message.timestamp.type", "CreateTime"},
                               {"cleanup.policy", "delete"},
                               {"retention.ms", std::to_string(kDayMs)},
                               {"retention.bytes", "-1"},
                               {"max.message.bytes", "1048588"},
                               {"message.timestamp.before.max.ms", "9223372036854775807"},
                               {"message.timestamp.after.max.ms", "3600000"}};
  for (auto& [setting, value] : more) config[setting] = value;
  return {name, {true, 3, 3}, config};
}

TopicRules Rules(int replication = -1) {
  return {"--brokers kafka:9092 -F k.properties", "--bootstrap-server kafka:9092", kWindow,
          replication};
}

class TopicChecks : public testing::Test {
 protected:
  TopicFindings Check(bool old_input = false) const {
    return CheckTopics(topics, Rules(), old_input);
  }
  std::vector<std::string> Errors() const { return Check().errors; }
  std::vector<std::string> Warnings() const { return Check().warnings; }

  JobTopics topics{Good("in"),
                   Good("out"),
                   Good("seen", {{"message.timestamp.type", "LogAppendTime"},
                                 {"retention.ms", std::to_string(2 * kDayMs)}}),
                   {Good("dead")}};
};

TEST_F(TopicChecks, AreSilentWhenAllIsWell) {
  EXPECT_THAT(Errors(), IsEmpty());
  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(TopicChecks, MissingTopics) {
  topics.output = {"out"};
  topics.changelog = {"seen"};
  topics.others = {{"dead"}};
  EXPECT_THAT(
      Errors(),
      ElementsAre(
          HasSubstr("semel topic create out --brokers kafka:9092 -F k.properties --partitions 3"),
          HasSubstr("message.timestamp.type=LogAppendTime"), HasSubstr("dead")));
  topics.input = {"in"};
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("no input topic in")));
}

TEST_F(TopicChecks, TooFewPartitions) {
  topics.output.description.partitions = 2;
  topics.changelog.description.partitions = 2;
  topics.others[0].description.partitions = 1;  // a dead-letter topic may have fewer
  EXPECT_THAT(Errors(),
              ElementsAre(HasSubstr("--alter --topic out --partitions 3"), HasSubstr("seen")));
}

TEST_F(TopicChecks, MorePartitionsAreFine) {
  topics.output.description.partitions = 5;
  EXPECT_THAT(Errors(), IsEmpty());
}

TEST_F(TopicChecks, ChangelogSettingsThatCouldForget) {
  topics.changelog.config["message.timestamp.type"] = "CreateTime";
  topics.changelog.config["cleanup.policy"] = "compact,delete";
  topics.changelog.config["retention.bytes"] = "1000000";
  topics.changelog.config["max.message.bytes"] = "1000";
  EXPECT_THAT(
      Errors(),
      ElementsAre(HasSubstr("kafka-configs --bootstrap-server kafka:9092 --alter --entity-type "
                            "topics --entity-name seen --add-config "
                            "message.timestamp.type=LogAppendTime"),
                  HasSubstr("cleanup.policy=delete"), HasSubstr("retention.bytes=-1"),
                  HasSubstr("512 KiB")));
}

TEST_F(TopicChecks, ChangelogRetentionBelowTheWindowIsRefused) {
  topics.changelog.config["retention.ms"] = std::to_string(kDayMs - 1);
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("retention.ms=" + std::to_string(2 * kDayMs))));
}

TEST_F(TopicChecks, ChangelogRetentionOfJustTheWindowIsDoubtful) {
  topics.changelog.config["retention.ms"] = std::to_string(kDayMs);
  EXPECT_THAT(Errors(), IsEmpty());
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr("the changelog seen is kept for 1d")));
}

TEST_F(TopicChecks, ChangelogKeptForEver) {
  topics.changelog.config["retention.ms"] = "-1";
  EXPECT_THAT(Warnings(), IsEmpty());
  topics.changelog.config["retention.ms"] = std::to_string(9 * kDayMs);
  topics.input.config["retention.ms"] = "-1";
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr("unlimited")));
}

TEST_F(TopicChecks, OneBrokerIsForTrials) {
  topics.changelog.description.min_replicas = 1;
  EXPECT_THAT(Errors(), IsEmpty());
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr("the promise needs replication >= 3")));
}

TEST_F(TopicChecks, WeakDurability) {
  topics.output.config["min.insync.replicas"] = "1";
  topics.output.config["unclean.leader.election.enable"] = "true";
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr("min.insync.replicas=2"),
                                      HasSubstr("unclean.leader.election.enable=false")));
}

TEST_F(TopicChecks, OutputThatChangesTimestamps) {
  topics.output.config["message.timestamp.type"] = "LogAppendTime";
  EXPECT_THAT(Errors(), ElementsAre(HasSubstr("message.timestamp.type=CreateTime")));
}

TEST_F(TopicChecks, OutputThatRejectsWhatTheInputTook) {
  topics.output.config["message.timestamp.before.max.ms"] = "1000";
  topics.output.config["message.timestamp.after.max.ms"] = "1000";
  topics.output.config["max.message.bytes"] = "1000";
  EXPECT_THAT(Warnings(), ElementsAre(HasSubstr("before.max.ms"), HasSubstr("after.max.ms"),
                                      HasSubstr("max.message.bytes=1048588")));
}

TEST_F(TopicChecks, OldInputIsRemovedFromTheOutput) {
  EXPECT_THAT(Check(true).warnings, ElementsAre(HasSubstr("keeps records for 1d")));
}

TEST_F(TopicChecks, CreatesWhatIsMissing) {
  topics.input.config["max.message.bytes"] = "5000000";
  topics.output = {"out"};
  topics.changelog = {"seen"};
  const auto missing = MissingTopics(topics, Rules());
  ASSERT_EQ(missing.size(), 2U);
  EXPECT_EQ(missing[0].name, "out");
  EXPECT_EQ(missing[0].partitions, 3);
  EXPECT_EQ(missing[0].replication, -1);
  EXPECT_THAT(missing[0].config, Contains(Pair("max.message.bytes", "5000000")));
  EXPECT_THAT(missing[0].config, Contains(Pair("message.timestamp.type", "CreateTime")));
  EXPECT_THAT(missing[0].config, Contains(Pair("min.insync.replicas", "2")));
  EXPECT_EQ(missing[1].name, "seen");
  EXPECT_THAT(missing[1].config, Contains(Pair("retention.ms", std::to_string(2 * kDayMs))));
  EXPECT_THAT(missing[1].config, Contains(Pair("segment.ms", std::to_string(kDayMs / 20))));
}

TEST_F(TopicChecks, CreatedOnOneBroker) {
  topics.changelog = {"seen"};
  topics.input.config["retention.ms"] = "-1";
  const auto missing = MissingTopics(topics, Rules(1));
  ASSERT_EQ(missing.size(), 1U);
  EXPECT_EQ(missing[0].replication, 1);
  EXPECT_EQ(missing[0].config.count("min.insync.replicas"), 0U);
  EXPECT_THAT(missing[0].config, Contains(Pair("retention.ms", "-1")));
}

// What is created passes the checks.
TEST_F(TopicChecks, AcceptsWhatItCreates) {
  topics.changelog = {"seen"};
  const auto missing = MissingTopics(topics, Rules(3));
  ASSERT_EQ(missing.size(), 1U);
  topics.changelog = Good("seen", missing[0].config);
  EXPECT_THAT(Errors(), IsEmpty());
  EXPECT_THAT(Warnings(), IsEmpty());
}

TEST_F(TopicChecks, BatchesFitIntoTheSmallestTopic) {
  EXPECT_EQ(BatchBytes(topics), 1'000'000);
  topics.others[0].config["max.message.bytes"] = "100000";
  EXPECT_EQ(BatchBytes(topics), 100'000 - 1024);
  topics.output.config["max.message.bytes"] = "1000";
  EXPECT_EQ(BatchBytes(topics), 500);
}

}  // namespace
}  // namespace semel
