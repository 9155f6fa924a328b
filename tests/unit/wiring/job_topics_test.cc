#include "wiring/job_topics.h"

#include <gmock/gmock.h>

#include "mock_cluster.h"

namespace semel {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

// What is told of topics that are there is in topic_checks_test: the mock has no configuration.
class JobTopicsTest : public testing::Test {
 protected:
  JobTopicsTest() {
    for (const char* topic : {"in", "out", "seen", "dead"}) cluster_.MakeUnknown(topic);
    options_.kafka = cluster_.Settings();
    options_.from = "in";
    options_.to = "out";
    options_.changelog = "seen";
    options_.policies.invalid = {pipeline::Policy::Kind::kTopic, "dead"};
  }

  MockCluster cluster_;
  DedupOptions options_;
  SilentLogger logger_;
};

TEST_F(JobTopicsTest, AMissingTopicIsKnownAsMissing) {
  const auto admin = kafka::Admin::Open(options_.kafka, logger_);
  ASSERT_TRUE(admin);
  const auto topic = Know(**admin, "in");
  ASSERT_TRUE(topic) << topic.error().message;
  EXPECT_EQ(topic->name, "in");
  EXPECT_FALSE(topic->description.exists);
  EXPECT_THAT(topic->config, IsEmpty());
}

TEST_F(JobTopicsTest, WithoutAnInputNothingIsCreated) {
  for (const bool create : {false, true}) {
    options_.create_topics = create;
    const auto topics = PrepareTopics(options_, logger_);
    ASSERT_FALSE(topics);
    EXPECT_EQ(topics.error().action, Action::kFix);
    EXPECT_THAT(topics.error().message, HasSubstr("no input topic in"));
  }
}

}  // namespace
}  // namespace semel
