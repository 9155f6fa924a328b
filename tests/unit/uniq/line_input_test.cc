#include "uniq/line_input.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/unit/uniq/test_files.h"

namespace semel::uniq_test {
namespace {

/// All that is left, as one text.
std::string ReadAll(LineInput& input) {
  std::string all;
  LineBuffer buffer;
  for (auto more = input.Read(buffer); more.value(); more = input.Read(buffer)) {
    EXPECT_EQ(buffer.text().back(), '\n');
    all += buffer.text();
  }
  return all;
}

TEST(LineInputTest, ReadsFilesOneAfterTheOther) {
  const TestFolder folder;
  const auto input = LineInput::Open({folder.Write("b", "1\n\n2\n"), folder.Write("empty", ""),
                                      folder.Write("a", "\n3\r\n")})
                         .value();
  EXPECT_EQ(ReadAll(*input), "1\n\n2\n\n3\r\n");
}

TEST(LineInputTest, LastLineOfEachFileGetsItsLf) {
  const TestFolder folder;
  const auto input = LineInput::Open({folder.Write("a", "1\n2"), folder.Write("b", "3")}).value();
  EXPECT_EQ(ReadAll(*input), "1\n2\n3\n");
}

TEST(LineInputTest, LinesMayBeLongerThanAnyRead) {
  const TestFolder folder;
  const std::string longest(5'000'000, 'x');
  const std::string text = "short\n" + longest + "\n" + std::string(700'000, 'y') + "\nshort\n";
  const auto input = LineInput::Open({folder.Write("a", text)}).value();
  EXPECT_EQ(ReadAll(*input), text);
  EXPECT_EQ(input->bytes_read(), text.size());
}

TEST(LineInputTest, TellsTheSizeOfFiles) {
  const TestFolder folder;
  const std::string file = folder.Write("a", "1\n2\n");
  EXPECT_EQ(LineInput::Open({file, file}).value()->bytes_total(), 8U);
  const NamedPipe pipe(folder.Path("pipe"));
  EXPECT_EQ(LineInput::Open({file, pipe.path()}).value()->bytes_total(), 0U);
}

TEST(LineInputTest, NamesAFileThatCannotBeRead) {
  const TestFolder folder;
  const std::string good = folder.Write("good", "1\n");
  for (const std::string& bad : {folder.Path("none"), folder.Path("")}) {
    const auto input = LineInput::Open({good, bad});
    ASSERT_FALSE(input) << bad;
    EXPECT_EQ(input.error().action, Action::kFix);
    EXPECT_NE(input.error().message.find(bad), std::string::npos) << input.error().message;
  }
}

TEST(LineInputTest, WholeLinesOfAPipeComeAtOnce) {
  const TestFolder folder;
  const NamedPipe pipe(folder.Path("pipe"));
  const auto input = LineInput::Open({pipe.path()}).value();
  LineBuffer buffer;
  pipe.Write("1\n2\nbeg");
  ASSERT_TRUE(input->Read(buffer).value());
  EXPECT_EQ(buffer.text(), "1\n2\n");
  pipe.Write("in\n");
  ASSERT_TRUE(input->Read(buffer).value());
  EXPECT_EQ(buffer.text(), "begin\n");
}

TEST(LineInputTest, CancelEndsAReadThatWaits) {
  const TestFolder folder;
  const NamedPipe pipe(folder.Path("pipe"));
  const auto input = LineInput::Open({pipe.path(), folder.Write("a", "1\n")}).value();
  pipe.Write("beg");
  auto more = std::async(std::launch::async, [&] {
    LineBuffer buffer;
    return input->Read(buffer).value();
  });
  while (input->bytes_read() < 3) std::this_thread::yield();
  input->Cancel();
  EXPECT_FALSE(more.get());
  LineBuffer buffer;
  EXPECT_FALSE(input->Read(buffer).value());
}

}  // namespace
}  // namespace semel::uniq_test
