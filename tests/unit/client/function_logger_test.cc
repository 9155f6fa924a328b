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

TEST(FunctionLoggerTest, CutOffItIsSilentAndTheFunctionGone) {
  const auto owned = std::make_shared<int>(0);
  std::shared_ptr<FunctionLogger> kept;
  {
    SharedLogger shared([owned](LogLevel, std::string_view) { ++*owned; });
    kept = shared.share();
    (*shared).Info("heard");
  }
  testing::internal::CaptureStderr();
  kept->Error("not heard");
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(*owned, 1);
  EXPECT_EQ(owned.use_count(), 1);
}

}  // namespace
}  // namespace semel
