// The snapshot file: golden bytes, and everything that must make a reader refuse it.
#include "seen_set/snapshot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "base/crc32c.h"

namespace semel {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

constexpr std::int64_t kNoon = 1'764'590'400'000;
constexpr std::int64_t kWeek = std::int64_t{7} * 24 * 3'600'000;

Fingerprint Print(int first, int bits) {
  Fingerprint print;
  for (int i = 0; i < bits / 8; ++i)
    print.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>((first + i) % 256);
  return print;
}

struct Content {
  SnapshotHeader header;
  std::vector<std::vector<Sighting>> blocks;
  std::int64_t log_end = 0;
};

SnapshotHeader Orders(std::int32_t partition) {
  SnapshotHeader header{
      .topic = "orders", .changelog = "semel.orders.seen", .partition = partition, .epoch = 1};
  for (std::size_t i = 0; i < 16; ++i) header.rule.rule_hash[i] = static_cast<std::uint8_t>(i);
  header.rule.window_ms = kWeek;
  return header;
}

Content Golden128() {
  Content content{.header = Orders(7), .blocks = {}, .log_end = 5040};
  content.header.epoch = 3;
  content.header.log_next = 5000;
  content.header.log_last = 4998;
  content.header.log_last_append_ms = kNoon - 250;
  content.header.covered = std::int64_t{1} << 33U;
  content.header.stream_time_ms = kNoon;
  content.blocks = {{{Print(0x10, 128), kNoon - 5, 1000},
                     {Print(0x20, 128), kNoon - 9, (std::int64_t{1} << 32U) + 1}},
                    {{Print(0x30, 128), kNoon, 1199}}};
  return content;
}

Content Golden256() {
  constexpr std::int64_t kBig = std::int64_t{1} << 62U;
  Content content{.header = Orders(2'147'483'647), .blocks = {}, .log_end = kBig};
  SnapshotHeader& header = content.header;
  header.topic = "a";
  header.changelog = "b";
  header.rule.window_ms = 1;
  header.rule.bits = 256;
  header.log_next = header.log_last_append_ms = header.covered = header.stream_time_ms = kBig;
  header.log_last = kBig - 1;
  content.blocks = {
      {{Print(0xF0, 256), 1, 0}, {Print(0x00, 256), std::int64_t{1} << 32U, kBig - 1}}};
  return content;
}

class Snapshot : public testing::Test {
 protected:
  void SetUp() override {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const Content& content) {
    auto writer = SnapshotWriter::Begin(path_, path_ + ".tmp", content.header);
    ASSERT_TRUE(writer) << writer.error().message;
    for (const auto& block : content.blocks) ASSERT_TRUE(writer->Add(block));
    ASSERT_TRUE(writer->Publish(content.log_end));
  }

  /// The first error, in opening or reading.
  Result<Content> Read() {
    SEMEL_TRY_ASSIGN(SnapshotReader reader, SnapshotReader::Open(path_));
    Content content{.header = reader.header(), .blocks = {}};
    for (std::vector<Sighting> block;;) {
      SEMEL_TRY_ASSIGN(const bool more, reader.Next(block));
      if (!more) break;
      content.blocks.push_back(block);
    }
    content.log_end = reader.log_end();
    return content;
  }

  void ExpectRefused(std::string_view bytes, const std::string& what) {
    ASSERT_TRUE(ReplaceFile(path_, bytes));
    const auto content = Read();
    ASSERT_FALSE(content.has_value()) << what;
    EXPECT_THAT(content.error().message, HasSubstr(path_));
    EXPECT_THAT(content.error().message, HasSubstr(what));
  }

  static std::string Golden(const std::string& name) {
    return *ReadFile(std::string(SEMEL_TEST_DATA) + "/snapshot_v1_" + name + ".bin");
  }

  const std::string folder_ = testing::TempDir() + "semel_snapshot_test";
  const std::string path_ = folder_ + "/log-0.snapshot";
};

TEST_F(Snapshot, GoldenFilesAreWrittenAndReadBack) {
  Content empty{.header = Orders(0), .blocks = {}, .log_end = 1};
  empty.header.log_next = 1;
  empty.header.log_last = 0;
  empty.header.log_last_append_ms = empty.header.stream_time_ms = kNoon;
  empty.header.covered = 10;
  const std::pair<const char*, Content> goldens[] = {
      {"empty", empty}, {"128", Golden128()}, {"256", Golden256()}};
  for (const auto& [name, expected] : goldens) {
    SCOPED_TRACE(name);
    Write(expected);
    EXPECT_EQ(*ReadFile(path_), Golden(name));
    const auto content = Read();
    ASSERT_TRUE(content.has_value()) << content.error().message;
    EXPECT_EQ(content->header, expected.header);
    EXPECT_EQ(content->blocks, expected.blocks);
    EXPECT_EQ(content->log_end, expected.log_end);
  }
}

TEST_F(Snapshot, EveryFlippedBitIsNoticed) {
  const std::string golden = Golden("128");
  for (std::size_t bit = 0; bit < golden.size() * 8; ++bit) {
    std::string flipped = golden;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    ASSERT_TRUE(ReplaceFile(path_, flipped));
    ASSERT_FALSE(Read().has_value()) << bit;
  }
}

TEST_F(Snapshot, EveryMissingByteIsNoticed) {
  const std::string golden = Golden("256");
  for (std::size_t size = 0; size < golden.size(); ++size)
    ExpectRefused(golden.substr(0, size), "ends too early");
}

TEST_F(Snapshot, WhatFollowsItsEndIsNoticed) {
  ExpectRefused(Golden("128") + "X", "goes on behind its end");
}

TEST_F(Snapshot, ABlockThatIsMissingIsNoticed) {
  std::string golden = Golden("128");
  const std::size_t second = 4 + 8 + 28 + 4;
  const std::size_t trailer = 4 + 8 + 8 + 4;
  golden.erase(golden.size() - trailer - second, second);
  ExpectRefused(golden, "another number of entries");
}

TEST_F(Snapshot, TimesThatCannotBeAreRefused) {
  for (const std::int64_t base : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, INT64_MAX}) {
    std::string golden = Golden("128");
    const std::size_t block = golden.size() - (4 + 8 + 8 + 4) - (4 + 8 + 28 + 4);
    std::memcpy(golden.data() + block + 4, &base, sizeof base);
    const std::uint32_t crc = Crc32c(std::string_view(golden).substr(block, 4 + 8 + 28));
    std::memcpy(golden.data() + block + 4 + 8 + 28, &crc, sizeof crc);
    ExpectRefused(golden, "impossible time");
  }
}

TEST_F(Snapshot, OtherFilesAreRefused) {
  ExpectRefused("SEMEL is not the beginning of this file", "not a snapshot");
  std::string golden = Golden("128");
  golden[8] = 2;
  ExpectRefused(golden, "unknown version 2");
}

TEST_F(Snapshot, KeepsTheGenerationBefore) {
  Write(Golden128());
  Write(Golden256());
  EXPECT_EQ(*ReadFile(path_), Golden("256"));
  EXPECT_EQ(*ReadFile(PreviousSnapshot(path_)), Golden("128"));
  EXPECT_EQ(fs::status(path_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(Snapshot, OneThatIsNotPublishedLeavesNothing) {
  {
    auto writer = SnapshotWriter::Begin(path_, path_ + ".tmp", Golden128().header);
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->Add(Golden128().blocks.front()));
  }
  EXPECT_TRUE(fs::is_empty(folder_));
}

}  // namespace
}  // namespace semel
