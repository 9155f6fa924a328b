#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "pseudo_terminal.h"
#include "wiring/spdlog_logger.h"

namespace semel {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

const std::string kTime = "[0-9-]{10}T[0-9:]{8}\\.[0-9]{3}Z";

class LoggerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Logger> Make(LogFormat format, LogLevel level = LogLevel::kDebug) {
    return MakeLogger(terminal_, format, level);
  }
  const Pipe pipe_;
  Terminal terminal_{pipe_.writer()};
};

TEST_F(LoggerTest, WritesTextLines) {
  const auto logger = Make(LogFormat::kText);
  logger->Info("partition restored", {{"partition", "3"}, {"topic", "orders"}});
  EXPECT_THAT(pipe_.Written(),
              MatchesRegex(kTime + " info  partition restored partition=3 topic=orders\n"));
  logger->Debug("m");
  EXPECT_THAT(pipe_.Written(), MatchesRegex(kTime + " debug m\n"));
  logger->Warning("m");
  EXPECT_THAT(pipe_.Written(), MatchesRegex(kTime + " warn  m\n"));
  logger->Error("m");
  EXPECT_THAT(pipe_.Written(), MatchesRegex(kTime + " error m\n"));
}

TEST_F(LoggerTest, QuotesTextThatWouldBreakALine) {
  const auto logger = Make(LogFormat::kText);
  logger->Info("two\nlines %v {}", {{"a", ""}, {"b", "x y"}, {"c", "k=v"}, {"d", "\"\n"}});
  EXPECT_THAT(pipe_.Written(), HasSubstr(R"(info  two\nlines %v {} a="" b="x y" c="k=v" d="\"\n")"
                                         "\n"));
}

TEST_F(LoggerTest, WritesOneJsonObjectALine) {
  const auto logger = Make(LogFormat::kJson);
  logger->Warning("broker \"1\"\ndown", {{"broker", "1"}, {"bytes", "\xff\x01"}});
  const std::string line = pipe_.Written();
  EXPECT_EQ(std::ranges::count(line, '\n'), 1);
  const auto object = nlohmann::json::parse(line);
  EXPECT_THAT(object.at("ts").get<std::string>(), MatchesRegex(kTime));
  EXPECT_EQ(object.at("level"), "warn");
  EXPECT_EQ(object.at("msg"), "broker \"1\"\ndown");
  EXPECT_EQ(object.at("broker"), "1");
  EXPECT_EQ(object.at("bytes"), "\xEF\xBF\xBD\x01");
}

TEST_F(LoggerTest, LeavesOutWhatIsBelowItsLevel) {
  const auto logger = Make(LogFormat::kText, LogLevel::kWarning);
  logger->Debug("no");
  logger->Info("no");
  EXPECT_EQ(pipe_.Written(), "");
  logger->Warning("yes");
  EXPECT_THAT(pipe_.Written(), HasSubstr("yes"));
}

TEST_F(LoggerTest, KeepsLinesWholeAcrossThreads) {
  const auto logger = Make(LogFormat::kJson);
  std::array<std::thread, 4> threads;
  for (std::size_t thread = 0; thread < threads.size(); ++thread) {
    threads[thread] = std::thread([&logger, thread] {
      for (int i = 0; i < 50; ++i) logger->Info("line", {{"thread", std::to_string(thread)}});
    });
  }
  for (auto& thread : threads) thread.join();
  std::istringstream lines(pipe_.Written());
  int count = 0;
  for (std::string line; std::getline(lines, line); ++count)
    EXPECT_TRUE(nlohmann::json::accept(line)) << line;
  EXPECT_EQ(count, 200);
}

}  // namespace
}  // namespace semel
