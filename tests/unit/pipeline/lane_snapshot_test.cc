// Snapshots, from the lane that leaves one to the restore that believes it or not.
#include <filesystem>

#include "lane_test.h"
#include "pipeline/snapshot_files.h"

namespace semel::testing {
namespace {

namespace fs = std::filesystem;

class LaneSnapshotTest : public LaneTest {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  pipeline::LaneSettings Settings(std::size_t unsaved_min = 1000) const {
    pipeline::LaneSettings settings = OrdersSettings();
    settings.snapshot_dir = folder_;
    settings.snapshot_unsaved_min = unsaved_min;
    return settings;
  }

  /// Takes all that is there; returns how often `part` is in its log.
  std::size_t Work(const pipeline::LaneSettings& settings, std::string_view part) {
    LaneProcess process(broker_, clock_, settings, "semel.orders-a-0");
    process.kafka.Give({0});
    ExpectSuccess(process.Run());
    return process.log.Count(part);
  }

  std::string File() const { return pipeline::SnapshotPath(Settings(), 0); }

  const std::string folder_ = ::testing::TempDir() + "semel_lane_snapshot";
};

TEST_F(LaneSnapshotTest, AnEndLeavesOneAndTheNextStartReadsTheRest) {
  Put(0, "a b c a");
  EXPECT_EQ(Work(Settings(), "snapshot written"), 1U);
  EXPECT_TRUE(fs::exists(File()));
  Put(0, "d e");
  Work(OrdersSettings(), "");
  Put(0, "a b c d e f");
  EXPECT_EQ(Work(Settings(), "entries=5 replayed=2"), 1U);
  ExpectExactlyOnce(0);
}

TEST_F(LaneSnapshotTest, OneIsDueWhileEventsFlow) {
  LaneProcess process(broker_, clock_, Settings(3), "semel.orders-a-0");
  process.kafka.Give({0});
  Put(0, "a b c");
  process.Then([&] { Put(0, "d"); });
  process.Then([&] {
    while (!fs::exists(File())) std::this_thread::yield();
  });
  ExpectSuccess(process.Run());
  ExpectExactlyOnce(0);
}

TEST_F(LaneSnapshotTest, WhatIsTakenAwayMeanwhileIsNotWritten) {
  LaneProcess process(broker_, clock_, Settings(3), "semel.orders-a-0");
  process.kafka.Give({0});
  process.Then([&] {
    Put(0, "a b c");
    process.kafka.Revoke({0});
  });
  ExpectSuccess(process.Run());
  EXPECT_FALSE(fs::exists(File()));
}

TEST_F(LaneSnapshotTest, OneThatIsAheadOfTheChangelogIsIgnored) {
  Put(0, "a b c");
  Work(Settings(), "");
  broker_ = FakeBroker();
  Put(0, "a b c");
  EXPECT_EQ(Work(Settings(), "reason=is ahead of the changelog"), 1U);
  ExpectExactlyOnce(0);
}

TEST_F(LaneSnapshotTest, OneOfAnotherTopicWithTheSameOffsetsIsIgnored) {
  Put(0, "a b c");
  Work(Settings(), "");
  broker_ = FakeBroker();
  clock_.Advance(std::chrono::hours{1});
  Put(0, "x");
  Work(OrdersSettings(), "");
  Put(0, "a b c");
  EXPECT_EQ(Work(Settings(), "reason=the changelog has another record"), 1U);
  ExpectExactlyOnce(0);
}

TEST_F(LaneSnapshotTest, AFileThatCannotBeWrittenStopsNothing) {
  fs::create_directory(File() + ".lane0.tmp");
  Put(0, "a b c");
  Work(Settings(), "");
  EXPECT_FALSE(fs::exists(File()));
  ExpectExactlyOnce(0);
}

}  // namespace
}  // namespace semel::testing
