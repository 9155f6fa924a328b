#include "base/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace semel {
namespace {

using ::testing::ElementsAre;
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

/// The kernel's files, and what was asked of them.
class ToldFiles final : public FileSystem {
 public:
  int Open(const char* path, int flags, mode_t mode) override {
    return Told(std::string("open ") + path, SystemFiles().Open(path, flags, mode));
  }
  ssize_t Read(int file, char* to, std::size_t size) override {
    return SystemFiles().Read(file, to, size);
  }
  ssize_t Write(int file, const char* from, std::size_t size) override {
    calls.emplace_back("write");
    return SystemFiles().Write(file, from, size);
  }
  int Fsync(int file) override { return Told("fsync", SystemFiles().Fsync(file)); }
  int Close(int file) override { return Told("close", SystemFiles().Close(file)); }
  int Rename(const char* from, const char* to) override {
    return Told(std::string("rename to ") + to, SystemFiles().Rename(from, to));
  }
  int Unlink(const char* path) override { return SystemFiles().Unlink(path); }
  int Access(const char* path, int mode) override { return SystemFiles().Access(path, mode); }

  std::vector<std::string> calls;

 private:
  int Told(std::string call, int result) {
    calls.push_back(std::move(call));
    return result;
  }
};

TEST_F(File, ContentsAreOnTheDiskBeforeTheNameAndTheNameBeforeItIsSaid) {
  ASSERT_TRUE(ReplaceFile(path_, "old"));
  ToldFiles files;
  auto file = FileReplacement::Begin(path_, path_ + ".tmp", files);
  ASSERT_TRUE(file);
  ASSERT_TRUE(file->Write("new"));
  ASSERT_TRUE(file->Publish(path_ + ".previous"));
  EXPECT_THAT(files.calls, ElementsAre("open " + path_ + ".tmp", "write", "fsync",
                                       "rename to " + path_ + ".previous", "rename to " + path_,
                                       "close", "open " + folder_, "fsync", "close"));
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
