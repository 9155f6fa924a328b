#include "seen_tool/commit_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/commit_metadata.h"

namespace semel::seen_tool {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'764'590'400'000;
constexpr std::int64_t kHour = 3'600'000;

/// 100 input records done, in a changelog of the offsets 0 to 19 whose last record is 18.
class CommitCheckTest : public ::testing::Test {
 protected:
  CommitCheckTest() {
    findings_.log = {.low = 0, .last_stable = 20, .high = 20};
    findings_.end.last = 18;
    findings_.end.covered = 100;
    findings_.named = NamedRecord{kNow, 100};
    findings_.retention_ms = 24 * kHour;
    findings_.now_ms = kNow + kHour;
    Commit(100, 18);
  }

  void Commit(kafka::Offset offset, std::int64_t record) {
    findings_.before =
        kafka::CommittedOffset{offset, pipeline::FormatCommitMetadata({record, kNow, 3})};
    findings_.after = findings_.before;
  }

  void ExpectWrong(const std::string& text) const {
    const auto checked = CheckCommit(findings_);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().action, Action::kStop);
    EXPECT_THAT(checked.error().message, HasSubstr(text));
  }

  CommitFindings findings_;
};

TEST_F(CommitCheckTest, FitsTogether) { EXPECT_TRUE(CheckCommit(findings_)); }

TEST_F(CommitCheckTest, ARunningJobMovesOn) {
  Commit(60, 10);
  findings_.named = NamedRecord{kNow, 60};
  findings_.after->offset = 130;
  EXPECT_TRUE(CheckCommit(findings_));
}

TEST_F(CommitCheckTest, MovedBack) {
  findings_.before = findings_.after = kafka::CommittedOffset{70, ""};
  ExpectWrong("70 lies behind");
}

TEST_F(CommitCheckTest, MovedAhead) {
  findings_.before = findings_.after = kafka::CommittedOffset{101, ""};
  ExpectWrong("101 lies ahead");
}

TEST_F(CommitCheckTest, AnotherRecordWhereTheMetadataPoints) {
  findings_.named->end = 90;
  ExpectWrong("where another record is");
  findings_.named = NamedRecord{kNow + 1, 100};
  ExpectWrong("where another record is");
}

TEST_F(CommitCheckTest, NoRecordWhereTheMetadataPoints) {
  findings_.named.reset();
  ExpectWrong("there is no such record");
}

TEST_F(CommitCheckTest, TheLogEndsBeforeTheNamedRecord) {
  Commit(100, 500);
  findings_.named.reset();
  ExpectWrong("truncated, or deleted and made anew");
}

TEST_F(CommitCheckTest, TheGroupHasNoOffset) {
  findings_.before.reset();
  findings_.after.reset();
  ExpectWrong("no committed offset");
  findings_.end = {};
  EXPECT_TRUE(CheckCommit(findings_)) << "nothing was done yet";
}

TEST_F(CommitCheckTest, AnEmptyLogIsRightOnlyAfterItsRetention) {
  findings_.end = {};
  findings_.named.reset();
  ExpectWrong("semel seen rebuild");
  findings_.now_ms = kNow + 25 * kHour;
  EXPECT_TRUE(CheckCommit(findings_));
  Commit(100, 20);
  ExpectWrong("holds nothing");
}

}  // namespace
}  // namespace semel::seen_tool
