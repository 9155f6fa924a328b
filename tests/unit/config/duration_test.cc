#include "config/duration.h"

#include <gtest/gtest.h>

namespace semel::config {
namespace {

using std::chrono::milliseconds;

TEST(Duration, ReadsEveryUnit) {
  EXPECT_EQ(*ParseDuration("100ms"), milliseconds(100));
  EXPECT_EQ(*ParseDuration("30s"), milliseconds(30'000));
  EXPECT_EQ(*ParseDuration("15m"), milliseconds(900'000));
  EXPECT_EQ(*ParseDuration("24h"), milliseconds(86'400'000));
  EXPECT_EQ(*ParseDuration("7d"), milliseconds(604'800'000));
  EXPECT_EQ(*ParseDuration("0s"), milliseconds(0));
}

TEST(Duration, RefusesTheRestAndSaysHow) {
  for (const char* text : {"", "7", "d", "-1s", "+1s", "1.5h", "1 s", "7 d", "7D", "1h30m", "1w",
                           "99999999999999999999s", "9223372036854775807d"}) {
    const auto duration = ParseDuration(text);
    ASSERT_FALSE(duration) << text;
    EXPECT_EQ(duration.error().action, Action::kFix);
    EXPECT_NE(duration.error().message.find("100ms"), std::string::npos);
  }
}

TEST(Duration, IsWrittenInTheLargestUnitThatFits) {
  for (const char* text : {"1ms", "1500ms", "90s", "15m", "25h", "7d"})
    EXPECT_EQ(FormatDuration(*ParseDuration(text)), text);
  EXPECT_EQ(FormatDuration(milliseconds(86'400'000)), "1d");
  EXPECT_EQ(FormatDuration(milliseconds(0)), "0ms");
}

}  // namespace
}  // namespace semel::config
