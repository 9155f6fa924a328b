#include "seen_tool/snapshot_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "fake_log_reader.h"
#include "seen_tool/entries.h"

namespace semel::seen_tool {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'764'590'400'000;

/// A changelog of three records, for the input offsets 0-1, 2-3 and 4-5, at 0, 1 and 2; a snapshot
/// after the second.
class SnapshotCheckTest : public ::testing::Test {
 protected:
  SnapshotCheckTest() {
    std::filesystem::create_directories(directory_);
    header_.topic = cold_.from = "orders";
    header_.changelog = cold_.changelog = "seen";
    header_.epoch = 1;
    header_.rule = rule_;
    header_.log_next = 2;
    header_.log_last = 1;
    header_.log_last_append_ms = reader_.append_ms = kNow;
    header_.covered = 4;
    header_.stream_time_ms = kNow;
    reader_.marks = cold_.log = {.low = 0, .last_stable = 3, .high = 3};
    for (std::int64_t record = 0; record < 3; ++record) AddRecord(record);
    cold_.rule = rule_;
    cold_.epoch = 1;
    cold_.now_ms = cold_.stream_time_ms = kNow;
    cold_.entries = Entries(0, 6);
  }
  ~SnapshotCheckTest() override { std::filesystem::remove_all(directory_); }

  static std::vector<Sighting> Entries(std::int64_t begin, std::int64_t end) {
    std::vector<Sighting> entries;
    for (std::int64_t offset = begin; offset < end; ++offset) {
      entries.push_back({.fingerprint = {}, .time_ms = kNow, .offset = offset});
      entries.back().fingerprint.bytes[0] = static_cast<std::uint8_t>(offset);
    }
    return entries;
  }

  void AddRecord(std::int64_t record) {
    ChangelogRecord whole{.rule = rule_, .transactional_id = "a"};
    whole.begin = 2 * record;
    whole.end = 2 * record + 2;
    whole.stream_time_ms = kNow;
    std::vector<std::string> packed;
    PackChangelog(whole, Entries(whole.begin, whole.end), packed);
    reader_.records.push_back({record, packed.front()});
  }

  SnapshotReport Check(const std::vector<Sighting>& entries, kafka::Offset log_end = 2) {
    auto writer = SnapshotWriter::Begin(file_, file_ + ".tmp", header_);
    EXPECT_TRUE(writer && writer->Add(entries) && writer->Publish(log_end));
    return CheckFile();
  }
  SnapshotReport CheckFile() {
    auto report = CheckSnapshot(file_, cold_, reader_);
    EXPECT_TRUE(report);
    return *report;
  }
  void ExpectUnused(const std::string& text) {
    const SnapshotReport report = Check(Entries(0, 4));
    EXPECT_EQ(report.state, SnapshotState::kUnused);
    EXPECT_THAT(report.text, HasSubstr(text));
  }

  const std::string directory_ = ::testing::TempDir() + "snapshot_check_test." +
                                 std::to_string(reinterpret_cast<std::uintptr_t>(this));
  const std::string file_ = directory_ + "/seen-0.snapshot";
  const RuleIdentity rule_{.rule_hash = {1}, .window_ms = 3'600'000, .bits = 128};
  SnapshotHeader header_;
  ColdReplay cold_;
  testing::FakeLogReader reader_;
};

TEST_F(SnapshotCheckTest, WithTheTailItIsTheChangelog) {
  const SnapshotReport report = Check(Entries(0, 4));
  EXPECT_EQ(report.state, SnapshotState::kEqual) << report.text;
  EXPECT_EQ(report.entries, 4U);
  EXPECT_EQ(report.tail, 1U);
}

TEST_F(SnapshotCheckTest, WhatCameWhileItWasCopiedMayBeThere) {
  EXPECT_EQ(Check(Entries(0, 5), 3).state, SnapshotState::kEqual);
}

TEST_F(SnapshotCheckTest, AnEntryIsMissing) {
  const SnapshotReport report = Check(Entries(1, 4));
  EXPECT_EQ(report.state, SnapshotState::kWrong);
  EXPECT_THAT(report.text, HasSubstr("an entry of the changelog is missing: input offset 0"));
}

TEST_F(SnapshotCheckTest, AnEntryTooMany) {
  EXPECT_EQ(Check(Entries(0, 9)).state, SnapshotState::kWrong);
}

TEST_F(SnapshotCheckTest, HarmedBytes) {
  Check(Entries(0, 4));
  std::fstream file(file_, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(-30, std::ios::end);
  file.put('x');
  file.close();
  const SnapshotReport report = CheckFile();
  EXPECT_EQ(report.state, SnapshotState::kWrong);
  EXPECT_THAT(report.text, HasSubstr(file_));
}

TEST_F(SnapshotCheckTest, OfAnotherPartition) {
  header_.partition = 5;
  EXPECT_EQ(Check(Entries(0, 4)).state, SnapshotState::kWrong);
}

TEST_F(SnapshotCheckTest, OfAnEarlierRule) {
  cold_.epoch = 2;
  ExpectUnused("another key rule or window");
}

TEST_F(SnapshotCheckTest, OfAChangelogBeforeThisOne) {
  header_.covered = 3;
  ExpectUnused("another record in the place of its last one, offset 1");
  header_.log_next = 9;
  header_.log_last = 8;
  ExpectUnused("ahead of the changelog");
}

TEST_F(SnapshotCheckTest, OlderThanTheChangelog) {
  cold_.log.low = 2;
  ExpectUnused("ends before the changelog begins");
}

TEST_F(SnapshotCheckTest, FindsBothGenerations) {
  Check(Entries(0, 4));
  EXPECT_THAT(SnapshotFiles(directory_, "seen", 0), ElementsAre(file_));
  Check(Entries(0, 4));
  EXPECT_THAT(SnapshotFiles(directory_, "seen", 0), ElementsAre(file_, PreviousSnapshot(file_)));
  EXPECT_THAT(SnapshotFiles(directory_, "seen", 1), ElementsAre());
}

}  // namespace
}  // namespace semel::seen_tool
