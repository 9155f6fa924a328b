#include "config/size.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace semel::config {
namespace {

constexpr std::uint64_t kGiB = 1ULL << 30U;

TEST(Size, ReadsBytesUnitsAndShares) {
  EXPECT_EQ(*ParseSize("1048576", 0), 1048576U);
  EXPECT_EQ(*ParseSize("512MiB", 0), kGiB / 2);
  EXPECT_EQ(*ParseSize("4GiB", 0), 4 * kGiB);
  EXPECT_EQ(*ParseSize("2G", 0), 2 * kGiB);
  EXPECT_EQ(*ParseSize("70%", 1000), 700U);
  EXPECT_EQ(*ParseSize("100%", kGiB * 1024), kGiB * 1024 / 100 * 100);
}

TEST(Size, RefusesTheRestAndSaysHow) {
  for (const char* text : {"", "GiB", "-1", "1.5G", "4 GiB", "4gib", "0%", "101%", "16777216T"}) {
    const auto size = ParseSize(text, kGiB);
    ASSERT_FALSE(size) << text;
    EXPECT_EQ(size.error().action, Action::kFix);
    EXPECT_NE(size.error().message.find("512MiB"), std::string::npos);
  }
}

/// A /proc and /sys of our own, on a machine of 8 GiB.
class MemoryLimit : public ::testing::Test {
 protected:
  void SetUp() override { Write("/proc/meminfo", "MemTotal:        8388608 kB\nMemFree: 1 kB\n"); }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& path, const std::string& content) {
    std::filesystem::create_directories(std::filesystem::path(root_ + path).parent_path());
    std::ofstream(root_ + path) << content;
  }

  const std::string root_ = ::testing::TempDir() + "semel_memory_limit";
};

TEST_F(MemoryLimit, IsTheMachinesWithoutCgroups) {
  EXPECT_EQ(*MachineMemoryLimit(root_), 8 * kGiB);
}

TEST_F(MemoryLimit, IsTheLeastOfTheCgroupsAbove) {
  Write("/proc/self/cgroup", "0::/system.slice/semel.service\n");
  Write("/sys/fs/cgroup/system.slice/memory.max", "2147483648\n");
  Write("/sys/fs/cgroup/system.slice/semel.service/memory.max", "max\n");
  EXPECT_EQ(*MachineMemoryLimit(root_), 2 * kGiB);
}

TEST_F(MemoryLimit, IsTheContainersOwnWhereThePathIsTheHosts) {
  Write("/proc/self/cgroup", "0::/../../pod1/box\n");
  Write("/sys/fs/cgroup/memory.max", "1073741824\n");
  EXPECT_EQ(*MachineMemoryLimit(root_), kGiB);
}

TEST_F(MemoryLimit, KnowsVersion1) {
  Write("/proc/self/cgroup", "9:cpu,cpuacct:/box\n5:hugetlb,memory:/box\n0::/\n");
  Write("/sys/fs/cgroup/memory/box/memory.limit_in_bytes", "1073741824\n");
  Write("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(*MachineMemoryLimit(root_), kGiB);
}

TEST_F(MemoryLimit, IsNeverMoreThanTheMachines) {
  Write("/proc/self/cgroup", "0::/\n");
  Write("/sys/fs/cgroup/memory.max", "99999999999999\n");
  EXPECT_EQ(*MachineMemoryLimit(root_), 8 * kGiB);
}

TEST_F(MemoryLimit, OfThisMachineCanBeRead) {
  const auto limit = MachineMemoryLimit();
  ASSERT_TRUE(limit) << limit.error().message;
  EXPECT_GT(*limit, kGiB / 16);
}

}  // namespace
}  // namespace semel::config
