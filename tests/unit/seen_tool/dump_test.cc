#include "seen_tool/dump.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>

namespace semel::seen_tool {
namespace {

using ::testing::HasSubstr;

const std::string kSnapshot = SEMEL_TEST_DATA "/snapshot_v1_128.bin";

std::string Dumped(DumpFormat format) {
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  EXPECT_TRUE(DumpSnapshot(kSnapshot, format, ends[1]));
  ::close(ends[1]);
  std::string text(4096, '\0');
  const ssize_t size = ::read(ends[0], text.data(), text.size());
  ::close(ends[0]);
  EXPECT_GT(size, 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  return text;
}

TEST(DumpSnapshotTest, ALineAnEntryByInputOffset) {
  const std::string text = Dumped(DumpFormat::kEntries);
  EXPECT_EQ(std::ranges::count(text, '\n'), 3);
  EXPECT_TRUE(text.starts_with(R"({"partition":7,"fingerprint":"1)")) << text;
  EXPECT_LT(text.find(R"("offset":1000})"), text.find(R"("offset":1199})"));
  EXPECT_LT(text.find(R"("offset":1199})"), text.find(R"("offset":4294967297})"));
}

TEST(DumpSnapshotTest, AsASeedItNamesTheTopic) {
  const std::string text = Dumped(DumpFormat::kSeed);
  EXPECT_THAT(text, ::testing::StartsWith(R"({"hash":"1)"));
  EXPECT_THAT(text, HasSubstr(R"(","topic":"orders","partition":7,"offset":1000,"time":)"));
}

TEST(DumpSnapshotTest, AReaderThatWentAwayIsNoError) {
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  EXPECT_TRUE(DumpSnapshot(kSnapshot, DumpFormat::kEntries, ends[1]));
  ::close(ends[1]);
}

TEST(DumpSnapshotTest, WhatIsNoSnapshot) {
  const auto dumped =
      DumpSnapshot(SEMEL_TEST_DATA "/changelog_v1_128.bin", DumpFormat::kEntries, STDOUT_FILENO);
  ASSERT_FALSE(dumped);
  EXPECT_EQ(dumped.error().action, Action::kFix);
  EXPECT_THAT(dumped.error().message, HasSubstr("changelog_v1_128.bin"));
}

}  // namespace
}  // namespace semel::seen_tool
