#include "metrics/recent_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace semel::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class CountingLogger final : public Logger {
 public:
  void Write(LogLevel, std::string_view, std::initializer_list<LogField>) override { ++lines; }
  std::atomic<int> lines = 0;
};

TEST(RecentLog, KeepsWarningsAndErrorsAndPassesEverythingOn) {
  CountingLogger lines;
  const SystemClock clock;
  RecentLog log(lines, clock);
  log.Debug("a");
  log.Info("b");
  log.Warning("c", {{"topic", "orders"}, {"partition", "3"}});
  log.Error("d");
  EXPECT_EQ(lines.lines, 4);
  const auto kept = log.Read();
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].level, LogLevel::kWarning);
  EXPECT_EQ(kept[0].message, "c");
  EXPECT_THAT(kept[0].fields, ElementsAre(Pair("topic", "orders"), Pair("partition", "3")));
  EXPECT_GT(kept[0].at_ms, 0);
  EXPECT_EQ(kept[1].message, "d");
}

TEST(RecentLog, WhatIsRepeatedTakesOnePlace) {
  CountingLogger lines;
  const SystemClock clock;
  RecentLog log(lines, clock);
  log.Warning("restore waits", {{"partition", "0"}});
  log.Error("other");
  for (int i = 0; i < 2; ++i) log.Warning("restore waits", {{"partition", "0"}});
  log.Warning("restore waits", {{"partition", "1"}});
  const auto kept = log.Read();
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept[0].message, "other");
  EXPECT_EQ(kept[0].times, 1U);
  EXPECT_THAT(kept[1].fields, ElementsAre(Pair("partition", "0")));
  EXPECT_EQ(kept[1].times, 3U);
  EXPECT_EQ(kept[2].times, 1U);
  EXPECT_EQ(lines.lines, 5);
}

TEST(RecentLog, IsBounded) {
  CountingLogger lines;
  const SystemClock clock;
  RecentLog log(lines, clock);
  const std::string text(1'000'000, 'x');
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 2; ++thread)
    threads.emplace_back([&] {
      for (int i = 0; i < 20; ++i) log.Warning(std::to_string(i) + text, {{"error", text}});
    });
  for (auto& thread : threads) thread.join();
  for (int i = 0; i < 5; ++i) log.Error(std::to_string(i));
  const auto kept = log.Read();
  ASSERT_EQ(kept.size(), RecentLog::kEntriesMax);
  EXPECT_EQ(kept.back().message, "4");
  EXPECT_EQ(kept[0].message.size(), RecentLog::kTextBytesMax);
  EXPECT_EQ(kept[0].fields[0].second.size(), RecentLog::kTextBytesMax);
}

}  // namespace
}  // namespace semel::metrics
