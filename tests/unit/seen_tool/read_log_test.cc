#include "seen_tool/read_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "fake_log_reader.h"

namespace semel::seen_tool {
namespace {

using ::testing::ElementsAre;

class ReadLogTest : public ::testing::Test {
 protected:
  /// Offset 2 and the end are control records.
  ReadLogTest() {
    reader_.records = {{0, "a"}, {1, "b"}, {3, "c"}, {4, "d"}};
    reader_.marks = {.low = 0, .last_stable = 6, .high = 6};
  }

  std::vector<kafka::Offset> Read(kafka::Offset from, kafka::Offset to) {
    std::vector<kafka::Offset> seen;
    const auto done = ReadLog(reader_, {"seen", 0, from, to},
                              [&](const kafka::LogRecord& record) -> Result<void> {
                                seen.push_back(record.offset);
                                return {};
                              });
    EXPECT_TRUE(done) << done.error().message;
    return seen;
  }

  testing::FakeLogReader reader_;
};

TEST_F(ReadLogTest, EndsAtTheEndThoughItIsAControlRecord) {
  EXPECT_THAT(Read(0, 6), ElementsAre(0, 1, 3, 4));
}

TEST_F(ReadLogTest, LeavesOutWhatCameLater) { EXPECT_THAT(Read(1, 4), ElementsAre(1, 3)); }

TEST_F(ReadLogTest, NothingToRead) { EXPECT_THAT(Read(6, 6), ElementsAre()); }

TEST_F(ReadLogTest, WaitsForAnOpenTransaction) {
  reader_.marks.last_stable = 3;
  reader_.reads_until_stable = 3;
  EXPECT_THAT(Read(0, 6), ElementsAre(0, 1, 3, 4));
}

TEST_F(ReadLogTest, EndsWithTheErrorOfTheVisitor) {
  const auto done = ReadLog(reader_, {"seen", 0, 0, 6}, [](const kafka::LogRecord& record) {
    return record.offset < 1 ? Result<void>() : Result<void>(Error{Action::kStop, "broken"});
  });
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().message, "broken");
}

TEST_F(ReadLogTest, AwaitsAStableEnd) {
  reader_.marks.last_stable = 3;
  reader_.reads_until_stable = 1;
  const auto marks = AwaitStable(reader_, "seen", 0);
  ASSERT_TRUE(marks);
  EXPECT_EQ(marks->last_stable, 6);
}

}  // namespace
}  // namespace semel::seen_tool
