#include "postgres/timestamp.h"

#include <gtest/gtest.h>

namespace semel::postgres {
namespace {

template <typename Time>
std::string Of(Time time) {
  std::string out;
  return AppendTimestamp(time, out) ? out : "refused" + out;
}

std::string Text(std::string_view text) { return Of(text); }

TEST(Timestamp, ReadsIso8601) {
  EXPECT_EQ(Text("2026-11-23T12:28:33Z"), "2026-11-23 12:28:33+00:00");
  EXPECT_EQ(Text("2026-11-23t12:28:33z"), "2026-11-23 12:28:33+00:00");
  EXPECT_EQ(Text("2026-11-23 12:28:33.5+03:00"), "2026-11-23 12:28:33.5+03:00");
  EXPECT_EQ(Text("2026-11-23 12:28:33 +0530"), "2026-11-23 12:28:33+05:30");
  EXPECT_EQ(Text("2026-11-23T12:28:33-08"), "2026-11-23 12:28:33-08:00");
  EXPECT_EQ(Text("2026-11-23T12:28"), "2026-11-23 12:28:00+00:00");
  EXPECT_EQ(Text("2026-11-23"), "2026-11-23 00:00:00+00:00");
  EXPECT_EQ(Text("2016-12-31T23:59:60Z"), "2016-12-31 23:59:60+00:00");
}

TEST(Timestamp, CutsOffWhatIsFinerThanAMicrosecond) {
  EXPECT_EQ(Text("2026-11-23T12:28:33.123456789Z"), "2026-11-23 12:28:33.123456+00:00");
}

TEST(Timestamp, RefusesWhatIsNoTime) {
  // Also the words that PostgreSQL would take: a replay must not store another time.
  for (const char* text : {"",
                           "now",
                           "today",
                           "infinity",
                           "2026-11-23T",
                           "2026-11-23T12",
                           "2026-13-01",
                           "2026-02-29",
                           "2026-00-10",
                           "0000-01-01",
                           "2026-11-23T24:00:00Z",
                           "2026-11-23T12:60:00Z",
                           "2026-11-23T12:00:61Z",
                           "2026-11-23T12:00:00.",
                           "2026-11-23T12:00:00+16:00",
                           "2026-11-23T12:00:00+03:0",
                           "2026-11-23T12:00:00Zx",
                           "2026-11-23T12:00:00 Europe/Berlin",
                           "26-11-23",
                           "2026/11/23",
                           "23.11.2026",
                           "1764000000",
                           "+2026-11-23"})
    EXPECT_EQ(Text(text), "refused") << text;
  EXPECT_EQ(Text("2024-02-29"), "2024-02-29 00:00:00+00:00");
}

TEST(Timestamp, ReadsMilliseconds) {
  EXPECT_EQ(Of(std::int64_t{0}), "1970-01-01 00:00:00.000+00:00");
  EXPECT_EQ(Of(std::int64_t{1764000000123}), "2025-11-24 16:00:00.123+00:00");
  EXPECT_EQ(Of(std::int64_t{-1}), "1969-12-31 23:59:59.999+00:00");
  EXPECT_EQ(Of(std::int64_t{253402300799999}), "9999-12-31 23:59:59.999+00:00");
  EXPECT_EQ(Of(std::int64_t{253402300800000}), "refused");
  EXPECT_EQ(Of(std::int64_t{-62135596800000}), "0001-01-01 00:00:00.000+00:00");
  EXPECT_EQ(Of(std::int64_t{-62135596800001}), "refused");
  EXPECT_EQ(Of(std::numeric_limits<std::int64_t>::max()), "refused");
}

}  // namespace
}  // namespace semel::postgres
