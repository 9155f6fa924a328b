#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <utility>

namespace semel {
namespace {

using ::testing::HasSubstr;

class File : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  const std::string folder_ = ::testing::TempDir() + "semel_file_test/";
  const std::string path_ = folder_ + "name";
};

TEST_F(File, ReadsBackWhatWasWritten) {
  const std::string content(200'000, '\0');
  ASSERT_TRUE(ReplaceFile(path_, content));
  EXPECT_EQ(*ReadFile(path_), content);
  ASSERT_TRUE(ReplaceFile(path_, "shorter"));
  EXPECT_EQ(*ReadFile(path_), "shorter");
  ASSERT_TRUE(ReplaceFile(path_, ""));
  EXPECT_EQ(*ReadFile(path_), "");
}

TEST_F(File, IsTheOwnersAndLeavesNothingBeside) {
  ASSERT_TRUE(ReplaceFile(path_, "x"));
  struct stat status {};
  ASSERT_EQ(::stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1);
}

TEST_F(File, SaysWhetherOthersMayReadIt) {
  EXPECT_FALSE(ReadableByAll(path_)) << "it is not there";
  ASSERT_TRUE(ReplaceFile(path_, "x"));
  EXPECT_FALSE(ReadableByAll(path_));
  ASSERT_EQ(::chmod(path_.c_str(), 0604), 0);
  EXPECT_TRUE(ReadableByAll(path_));
}

TEST_F(File, NamesTheFileThatCannotBeRead) {
  const auto missing = ReadFile(path_);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().action, Action::kFix);
  EXPECT_THAT(missing.error().message, HasSubstr(path_ + ": cannot open: No such file"));
  EXPECT_THAT(ReadFile(folder_).error().message, HasSubstr("cannot read"));
}

TEST_F(File, AFailedReplaceKeepsWhatWasThere) {
  EXPECT_EQ(ReplaceFile(folder_ + "no/such/folder", "x").error().action, Action::kFail);
  ASSERT_TRUE(ReplaceFile(path_, "old"));
  std::filesystem::create_directory(path_ + ".tmp");
  ASSERT_FALSE(ReplaceFile(path_, "new"));
  EXPECT_EQ(*ReadFile(path_), "old");
}

TEST_F(File, ALockIsHeldOnceAndAsLongAsItLives) {
  {
    auto first = FileLock::Take(path_);
    ASSERT_TRUE(first);
    const FileLock moved = std::move(*first);
    const auto second = FileLock::Take(path_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().action, Action::kFix);
    EXPECT_THAT(second.error().message, HasSubstr(path_ + " is held by another process"));
  }
  EXPECT_TRUE(FileLock::Take(path_));
  EXPECT_EQ(FileLock::Take(folder_ + "no/lock").error().action, Action::kFix);
}

}  // namespace
}  // namespace semel
