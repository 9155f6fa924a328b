#include "wiring/terminal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "pseudo_terminal.h"
#include "wiring/progress.h"

namespace semel {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kErase = "\r\x1b[K";

TEST(Terminal, KeepsTheStatusBelowWhatIsWritten) {
  const PseudoTerminal pty(40);
  Terminal terminal(pty.writer());
  ASSERT_TRUE(terminal.interactive());
  terminal.Write("one\n");
  EXPECT_EQ(pty.Written(), "one\r\n");
  terminal.SetStatus("5 records");
  EXPECT_EQ(pty.Written(), kErase + "5 records");
  terminal.Write("two\n");
  EXPECT_EQ(pty.Written(), kErase + "two\r\n5 records");
  terminal.SetStatus("");
  EXPECT_EQ(pty.Written(), kErase);
  terminal.Write("three\n");
  EXPECT_EQ(pty.Written(), "three\r\n");
}

TEST(Terminal, CutsTheStatusToItsWidth) {
  const PseudoTerminal pty(6);
  Terminal terminal(pty.writer());
  terminal.SetStatus("12345678");
  EXPECT_EQ(pty.Written(), kErase + "12345");
  terminal.SetStatus("äöüßéèê");
  EXPECT_EQ(pty.Written(), kErase + "äöüßé");
}

TEST(Terminal, TakesEightyColumnsWhereTheWidthIsUnknown) {
  const PseudoTerminal pty(0);
  Terminal(pty.writer()).SetStatus(std::string(100, 'x'));
  EXPECT_EQ(pty.Written(), kErase + std::string(79, 'x'));
}

TEST(Terminal, ShowsNoStatusInAPipe) {
  const Pipe pipe;
  Terminal terminal(pipe.writer());
  terminal.SetStatus("5 records");
  terminal.Write("one\n");
  EXPECT_EQ(pipe.Written(), "one\n");
}

TEST(Progress, ShowsTheLineAgainAndAgainAndErasesIt) {
  const PseudoTerminal pty(40);
  Terminal terminal(pty.writer());
  std::atomic<int> calls{0};
  {
    const Progress progress(terminal, [&] { return "call " + std::to_string(++calls); });
    while (calls < 3) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    terminal.Write("log\n");
  }
  EXPECT_THAT(pty.Written(), AllOf(StartsWith(kErase + "call 1" + kErase + "call 2"),
                                   HasSubstr(kErase + "log\r\ncall "), EndsWith(kErase)));
}

TEST(Progress, IsSilentInAPipe) {
  const Pipe pipe;
  Terminal terminal(pipe.writer());
  bool called = false;
  {
    const Progress progress(terminal, [&] { return called = true, std::string("x"); });
  }
  EXPECT_FALSE(called);
  EXPECT_EQ(pipe.Written(), "");
}

TEST(Progress, EndsWithoutWaitingForItsPeriod) {
  const PseudoTerminal pty(40);
  Terminal terminal(pty.writer());
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < 20; ++i) const Progress progress(terminal, [] { return std::string("x"); });
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(2));
}

}  // namespace
}  // namespace semel
