#include "prove/report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace semel::prove {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Report, SaysThatAllIsRight) {
  Report report;
  report.counts.read = 12;
  EXPECT_THAT(ToText(report), HasSubstr("read                          12\n"));
  EXPECT_THAT(ToText(report), HasSubstr("PASSED"));
  const auto json = nlohmann::json::parse(ToJson(report));
  EXPECT_EQ(json["passed"], true);
  EXPECT_EQ(json["read"], 12);
  EXPECT_EQ(json["violations"].size(), kViolations);
}

TEST(Report, ShowsAFewExamplesAndCountsAll) {
  Report report;
  for (int i = 0; i < 100; ++i) report.Add(Violation::kOutOfOrder, "record " + std::to_string(i));
  EXPECT_EQ(report.violations(), 100);
  EXPECT_THAT(ToText(report), HasSubstr("record 0\n"));
  EXPECT_THAT(ToText(report), Not(HasSubstr("record 50\n")));
  EXPECT_THAT(ToText(report), HasSubstr("FAILED: 100 violations"));
  const auto json = nlohmann::json::parse(ToJson(report));
  EXPECT_EQ(json["passed"], false);
  EXPECT_EQ(json["violations"]["out_of_order"], 100);
}

}  // namespace
}  // namespace semel::prove
