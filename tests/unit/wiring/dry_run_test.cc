#include "wiring/dry_run.h"

#include <gmock/gmock.h>

#include <thread>

#include "mock_cluster.h"
#include "wiring/dedup_report.h"

namespace semel {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kNow = 1'795'426'113'000;
constexpr std::int64_t kHourMs = 3'600'000;

class DryRunTest : public testing::Test {
 protected:
  DryRunTest() {
    options_.kafka = cluster_.Settings();
    options_.from = "in";
    options_.key.parts = {"json:/id"};
    options_.window = std::chrono::hours{1};
    options_.memory_limit = 1 << 30;
    options_.dry_run = true;
    cluster_.CreateTopic("in", 2);
  }

  void Send(int partition, const std::string& value, std::int64_t time_ms = kNow) const {
    cluster_.Produce("in", partition, value, time_ms);
  }

  Result<void> Run() { return DryRun(options_, board_, logger_, stop_.get_token()); }

  metrics::PartitionSnapshot Counts() const { return Totals(board_.Read()).counts; }

  void ExpectCounts(std::uint64_t read, std::uint64_t unique, std::uint64_t duplicates) const {
    EXPECT_EQ(Counts().read, read);
    EXPECT_EQ(Counts().unique, unique);
    EXPECT_EQ(Counts().duplicates, duplicates);
  }

  MockCluster cluster_;
  DedupOptions options_;
  metrics::Board board_{metrics::Snapshot{}};
  SilentLogger logger_;
  std::stop_source stop_;
};

TEST_F(DryRunTest, CountsWhatEveryVerdictWouldBe) {
  Send(0, R"({"id": 1})");
  Send(0, R"({"id": 2})");
  Send(0, R"({"id": 1, "again": true})");
  Send(1, R"({"id": 1})");  // another partition: not a duplicate
  Send(1, R"({"other": 1})");
  Send(1, "no JSON");
  Send(1, R"({"id": 3})", kNow - 2 * kHourMs);
  const auto done = Run();
  ASSERT_TRUE(done) << done.error().message;
  ExpectCounts(7, 3, 1);
  EXPECT_EQ(Counts().missing, 1U);
  EXPECT_EQ(Counts().invalid, 1U);
  EXPECT_EQ(Counts().late, 1U);
  EXPECT_EQ(Counts().entries, 3U);
  const metrics::Snapshot snapshot = board_.Read();
  for (const metrics::PartitionSnapshot& part : snapshot.lanes.at(0).partitions)
    EXPECT_EQ(part.Lag(), 0);
}

TEST_F(DryRunTest, JudgesByWhatIsThereWhenToldTo) {
  options_.key.parts = {"json:/id", "json:/shop"};
  options_.policies.missing.kind = pipeline::Policy::Kind::kDedup;
  Send(0, R"({"id": 1})");
  Send(0, R"({"id": 1})");
  ASSERT_TRUE(Run());
  ExpectCounts(2, 1, 1);
  EXPECT_EQ(Counts().missing, 0U);
}

TEST_F(DryRunTest, EndsAtOnceWhereNothingIs) {
  ASSERT_TRUE(Run());
  ExpectCounts(0, 0, 0);
}

TEST_F(DryRunTest, BeginsWhereItIsTold) {
  Send(0, R"({"id": 1})");
  options_.start.kind = pipeline::StartPoint::Kind::kLatest;
  ASSERT_TRUE(Run());
  ExpectCounts(0, 0, 0);
}

TEST_F(DryRunTest, FollowsUntilItIsStopped) {
  Send(0, R"({"id": 1})");
  options_.follow = true;
  std::jthread sender([this] {
    while (Counts().read < 1) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    Send(0, R"({"id": 1})");
    while (Counts().read < 2) std::this_thread::sleep_for(std::chrono::milliseconds{10});
    stop_.request_stop();
  });
  ASSERT_TRUE(Run());
  ExpectCounts(2, 1, 1);
}

TEST_F(DryRunTest, StopsAtTheMemoryLimit) {
  options_.memory_limit = 1;
  Send(0, R"({"id": 1})");
  const auto done = Run();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().action, Action::kStop);
  EXPECT_THAT(done.error().message, HasSubstr("--memory-limit"));
}

TEST_F(DryRunTest, WantsAnInput) {
  cluster_.MakeUnknown("in");
  const auto done = Run();
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().action, Action::kFix);
  EXPECT_THAT(done.error().message,
              HasSubstr("no input topic in. Existing ones: semel topic list"));
}

}  // namespace
}  // namespace semel
