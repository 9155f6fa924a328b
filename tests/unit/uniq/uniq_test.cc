#include "uniq/uniq.h"

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <random>
#include <set>
#include <thread>

#include "tests/unit/uniq/test_files.h"

namespace semel::uniq_test {
namespace {

struct Ran {
  Result<bool> done;
  LineCounts counts;
};

Ran RunInto(const UniqOptions& options, LineInput& input, int out) {
  LineCounts sum;
  const auto add = [&sum](const LineCounts& more) {
    // Meanwhile the other threads come to wait for input, where there is none.
    if (sum.lines == 0) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    sum.lines += more.lines;
    sum.duplicates += more.duplicates;
    sum.missing += more.missing;
    sum.invalid += more.invalid;
  };
  Result<bool> done = Uniq(options, input, out, add);
  return {std::move(done), sum};
}

/// Runs over files in a folder into a file of it.
class UniqTest : public ::testing::Test {
 protected:
  Ran RunToFile(const UniqOptions& options, LineInput& input) {
    const int out = ::open(folder_.Path("out").c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    Ran ran = RunInto(options, input, out);
    ::close(out);
    return ran;
  }
  Ran RunText(const UniqOptions& options, const std::string& text) {
    return RunToFile(options, *LineInput::Open({folder_.Write("in", text)}).value());
  }
  std::string Output() const { return folder_.Read("out"); }

  TestFolder folder_;
};

TEST_F(UniqTest, KeepsTheFirstOfEqualLinesInTheirOrder) {
  const Ran ran = RunText({}, "b\na\nb\n\nc\r\na\n\nc\nc");
  EXPECT_TRUE(ran.done.value());
  EXPECT_EQ(Output(), "b\na\n\nc\r\nc\n");
  EXPECT_EQ(ran.counts.lines, 9U);
  EXPECT_EQ(ran.counts.duplicates, 4U);
}

TEST_F(UniqTest, AgreesWithASetOfTheStandardLibraryForAnyNumberOfThreads) {
  std::mt19937 random(1);
  std::string text;
  std::string expected;
  std::set<std::string> seen;
  while (text.size() < 6'000'000) {  // many blocks
    std::string line(random() % 300, 'x');
    if (random() % 1000 == 0) line.resize(random() % 600'000, 'y');
    for (std::size_t i = 0; i < std::min<std::size_t>(line.size(), 2); ++i)
      while ((line[i] = static_cast<char>(random() % 256)) == '\n') continue;
    text += line + '\n';
    if (seen.insert(line).second) expected += line + '\n';
  }
  for (const unsigned threads : {1U, 2U, 7U}) {
    const Ran ran = RunText({.rule = {}, .seed = threads, .threads = threads}, text);
    EXPECT_TRUE(ran.done.value());
    EXPECT_TRUE(Output() == expected) << threads;  // too long to print
    EXPECT_EQ(ran.counts.lines - ran.counts.duplicates, seen.size());
  }
}

TEST_F(UniqTest, PassesOnWhatCannotBeJudged) {
  UniqOptions options;
  options.rule.parts = {"json:id"};
  const std::string unjudged = "{\"id\":null}\n{\"other\":1}\nno json\n{}\nno json\n";
  const Ran ran =
      RunText(options, "{\"id\":1}\n" + unjudged + "{\"id\": 1.0, \"a\": 2}\n{\"id\":2}\n");
  EXPECT_TRUE(ran.done.value());
  EXPECT_EQ(Output(), "{\"id\":1}\n" + unjudged + "{\"id\":2}\n");
  EXPECT_EQ(ran.counts.duplicates, 1U);
  EXPECT_EQ(ran.counts.missing, 3U);
  EXPECT_EQ(ran.counts.invalid, 2U);
}

TEST_F(UniqTest, ABrokenRuleIsAnError) {
  UniqOptions options;
  options.rule.parts = {"jsn:id"};
  EXPECT_EQ(RunText(options, "a\n").done.error().action, Action::kFix);
}

TEST_F(UniqTest, WhatCameBeforeAnUnreadableFileIsWritten) {
  const std::string gone = folder_.Write("gone", "3\n");
  const auto input =
      LineInput::Open({folder_.Write("a", "1\n2\n1\n"), gone, folder_.Write("b", "4\n")}).value();
  std::filesystem::remove(gone);
  const Ran ran = RunToFile({.rule = {}, .seed = 1, .threads = 3}, *input);
  ASSERT_FALSE(ran.done);
  EXPECT_EQ(ran.done.error().action, Action::kFix);
  EXPECT_NE(ran.done.error().message.find(gone), std::string::npos);
  EXPECT_EQ(Output(), "1\n2\n");
}

TEST_F(UniqTest, AFullDiskEndsARunThatWaitsForInput) {
  const NamedPipe pipe(folder_.Path("pipe"));
  const auto input = LineInput::Open({pipe.path()}).value();
  pipe.Write("1\n");
  const int full = ::open("/dev/full", O_WRONLY);
  const Ran ran = RunInto({.rule = {}, .seed = 1, .threads = 3}, *input, full);
  ::close(full);
  ASSERT_FALSE(ran.done);
  EXPECT_EQ(ran.done.error().action, Action::kFail);
  EXPECT_NE(ran.done.error().message.find("write"), std::string::npos);
}

TEST_F(UniqTest, AClosedPipeEndsARunThatWaitsForInput) {
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  const NamedPipe pipe(folder_.Path("pipe"));
  const auto input = LineInput::Open({pipe.path()}).value();
  pipe.Write("1\n");
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ::close(ends[0]);
  const Ran ran = RunInto({.rule = {}, .seed = 1, .threads = 3}, *input, ends[1]);
  ::close(ends[1]);
  ASSERT_TRUE(ran.done);
  EXPECT_FALSE(*ran.done);
}

}  // namespace
}  // namespace semel::uniq_test
