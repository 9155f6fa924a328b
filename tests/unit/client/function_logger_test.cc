#include "client/function_logger.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace semel {
namespace {

using ::testing::ElementsAre;

TEST(FunctionLoggerTest, GivesTheFunctionWholeLines) {
  std::vector<std::string> lines;
  FunctionLogger logger([&](LogLevel level, std::string_view line) {
    lines.push_back(std::to_string(static_cast<int>(level)) + " " + std::string(line));
  });
  logger.Info("partition assigned", {{"topic", "orders"}, {"partition", "3"}});
  logger.Warning("slow");
  EXPECT_THAT(lines, ElementsAre("1 partition assigned topic=orders partition=3", "2 slow"));
}

TEST(FunctionLoggerTest, WithoutAFunctionOnlyWhatNeedsAttentionGoesToStderr) {
  FunctionLogger logger({});
  testing::internal::CaptureStderr();
  logger.Info("started");
  logger.Error("lost", {{"offset", "7"}});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "semel: lost offset=7\n");
}

}  // namespace
}  // namespace semel
