#include "config/start.h"

#include <gtest/gtest.h>

namespace semel::config {
namespace {

Start At(std::int64_t time_ms) { return {.kind = Start::Kind::kTime, .time_ms = time_ms}; }

TEST(Start, ReadsItsWords) {
  EXPECT_EQ(ParseStart("earliest")->kind, Start::Kind::kEarliest);
  EXPECT_EQ(ParseStart("latest")->kind, Start::Kind::kLatest);
}

TEST(Start, ReadsTimes) {
  EXPECT_EQ(*ParseStart("1795426113123"), At(1795426113123));
  EXPECT_EQ(*ParseStart("1970-01-01"), At(0));
  EXPECT_EQ(*ParseStart("2026-11-23"), At(1795392000000));
  EXPECT_EQ(*ParseStart("2026-11-23T09:28:33Z"), At(1795426113000));
  EXPECT_EQ(*ParseStart("2026-11-23T09:28:33.123Z"), At(1795426113123));
  EXPECT_EQ(*ParseStart("2026-11-23T09:28:33.5Z"), At(1795426113500));
  EXPECT_EQ(*ParseStart("2026-11-23T09:28:33.123999Z"), At(1795426113123));
  EXPECT_EQ(*ParseStart("2026-11-23T09:28Z"), At(1795426080000));
  EXPECT_EQ(*ParseStart("2026-11-23T12:28:33+03:00"), At(1795426113000));
  EXPECT_EQ(*ParseStart("2026-11-23T05:58:33-0330"), At(1795426113000));
  EXPECT_EQ(*ParseStart("2024-02-29"), At(1709164800000));
}

TEST(Start, RefusesTheRestAndSaysHow) {
  for (const char* text :
       {"", "yesterday", "-5", "2026-11-23T09:28:33", "2026-02-29", "2026-13-01", "2026-00-01",
        "26-11-23", "2026-11-23Z", "2026-11-23 09:28:33Z", "2026-11-23T24:00:00Z",
        "2026-11-23T09:60:00Z", "2026-11-23T09:28:33.Z", "2026-11-23T09:28:33Z ",
        "2026-11-23T09:28:33+3", "99999999999999999999"}) {
    const auto start = ParseStart(text);
    ASSERT_FALSE(start) << text;
    EXPECT_EQ(start.error().action, Action::kFix);
    EXPECT_NE(start.error().message.find("earliest"), std::string::npos);
  }
}

}  // namespace
}  // namespace semel::config
