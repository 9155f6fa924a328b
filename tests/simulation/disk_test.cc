#include "disk.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/file.h"

namespace semel::simulation {
namespace {

class DiskTest : public ::testing::Test {
 protected:
  DiskTest() { plan_.SetCalm(true); }

  std::string Content(const std::string& path) {
    auto file = FileReader::Open(path, disk_);
    if (!file) return "none";
    std::string content(100, ' ');
    const auto size = file->Read(content);
    if (!size) return "unreadable";
    content.resize(*size);
    return content;
  }

  void Replace(const std::string& content, bool publish = true) {
    auto file = FileReplacement::Begin("/d/f", "/d/f.tmp", disk_);
    ASSERT_TRUE(file);
    ASSERT_TRUE(file->Write(content));
    if (!publish) return;
    ASSERT_TRUE(file->Publish("/d/f.previous"));
  }

  Scheduler scheduler_{{}};
  FaultPlan plan_{1, {}};
  SimulatedDisk disk_{scheduler_, plan_, "w1"};
};

TEST_F(DiskTest, ReadsBackWhatWasWritten) {
  Replace("one");
  Replace("two");
  EXPECT_EQ(Content("/d/f"), "two");
  EXPECT_EQ(Content("/d/f.previous"), "one");
  EXPECT_FALSE(FileExists("/d/f.tmp", disk_));
}

TEST_F(DiskTest, WhatWasPublishedOutlivesThePowerFailure) {
  Replace("one");
  Replace("two");
  for (int i = 0; i < 20; ++i) disk_.PowerFailure();
  EXPECT_EQ(Content("/d/f"), "two");
  EXPECT_EQ(Content("/d/f.previous"), "one");
}

TEST_F(DiskTest, WhatWasNotSyncedIsLostNowAndThen) {
  std::set<std::string> found;
  for (int i = 0; i < 50; ++i) {
    const int file = disk_.Open("/d/g", O_CREAT | O_WRONLY, 0600);
    disk_.Write(file, "content", 7);
    disk_.PowerFailure();
    found.insert(Content("/d/g"));
    disk_.Unlink("/d/g");
  }
  EXPECT_THAT(found, ::testing::IsSupersetOf({"none", "", "content"}));
  EXPECT_GT(found.size(), 4U) << "torn ones too";
}

TEST_F(DiskTest, AKilledProcessWritesNothing) {
  Process& process = scheduler_.NewProcess("w1");
  scheduler_.Start(process, "writes", [&] {
    auto file = FileReplacement::Begin("/d/f", "/d/f.tmp", disk_);
    scheduler_.Kill(process);
  });
  scheduler_.After(std::chrono::seconds(1), [&] { scheduler_.Stop(); });
  EXPECT_EQ(scheduler_.Run(), std::nullopt);
  EXPECT_TRUE(FileExists("/d/f.tmp", disk_)) << "its destructor would have removed it";
}

TEST_F(DiskTest, FaultsShowInTheResults) {
  std::set<std::string> errors;
  for (std::uint64_t seed = 1; seed < 60; ++seed) {
    FaultPlan plan(seed, {});
    SimulatedDisk disk(scheduler_, plan, "w1");
    for (int i = 0; i < 30; ++i) {
      auto file = FileReplacement::Begin("/d/f", "/d/f.tmp", disk);
      const Result<void> done = !file                          ? Result<void>(file.error())
                                : !file->Write("some content") ? file->Write("again")
                                                               : file->Publish();
      if (!done) errors.insert(done.error().message);
    }
  }
  EXPECT_GT(errors.size(), 5U);
}

}  // namespace
}  // namespace semel::simulation
