#include "kafka/rdkafka_log_reader.h"

#include <gmock/gmock.h>

#include "../wiring/mock_cluster.h"

namespace semel::kafka {
namespace {

using std::chrono::seconds;
using testing::IsEmpty;

TEST(RdkafkaLogReader, CommittedOffsetsAreAskedForAgainWhereTheCoordinatorMoved) {
  const MockCluster cluster;
  cluster.CreateTopic("in", 1);
  SilentLogger logger;
  const auto reader = RdkafkaLogReader::Open(cluster.Settings(), {"group", "in"}, logger);
  ASSERT_TRUE(reader) << reader.error().message;
  const Partition partition = 0;
  for (const auto code :
       {RD_KAFKA_RESP_ERR_NOT_COORDINATOR, RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS}) {
    cluster.RefuseOffsetFetches(code, 3);
    const auto committed = (*reader)->Committed({&partition, 1}, seconds(60));
    ASSERT_TRUE(committed) << committed.error().message;
    EXPECT_THAT(*committed, IsEmpty());
  }
}

TEST(RdkafkaLogReader, ABrokerThatHasNotHeardOfANewTopicIsAskedAgain) {
  const MockCluster cluster;
  cluster.CreateTopic("in", 1);
  SilentLogger logger;
  const auto reader = RdkafkaLogReader::Open(cluster.Settings(), {"group", "in"}, logger);
  ASSERT_TRUE(reader) << reader.error().message;
  cluster.RefuseListOffsets(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, 3);
  const auto at = (*reader)->OffsetAt("in", 0, 1, seconds(60));
  ASSERT_TRUE(at) << at.error().message;
  EXPECT_EQ(*at, 0);
  cluster.RefuseListOffsets(RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, 3);
  const auto marks = (*reader)->Marks("in", 0, seconds(60));
  ASSERT_TRUE(marks) << marks.error().message;
  EXPECT_EQ(marks->high, 0);
}

}  // namespace
}  // namespace semel::kafka
