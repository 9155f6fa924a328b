#include "scan/scan_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace semel::scan {
namespace {

using testing::HasSubstr;
using testing::Not;

ScanReport Example() {
  DuplicateScan scan(std::uint64_t{1} << 20U, 1);
  Identity event;
  for (std::int64_t i = 0; i < 4; ++i) scan.Take({0, i, 1'700'000'000'000 + i * 90'000, event});
  scan.Take({1, 0, 1'700'000'000'000, event});
  scan.Take({1, 1, 1'700'000'000'000, {Outcome::kInvalid, {}}});
  return scan.Report();
}

TEST(ScanReport, JsonHasWhatWasCounted) {
  const auto json = nlohmann::json::parse(ToJson(Example(), {"orders", 2, 128}));
  EXPECT_EQ(json["topic"], "orders");
  EXPECT_EQ(json["records"], 6);
  EXPECT_EQ(json["unique"], 1);
  EXPECT_EQ(json["duplicates"], 4);
  EXPECT_EQ(json["duplicate_share"], 0.8);
  EXPECT_EQ(json["copies"], 3);
  EXPECT_EQ(json["strays"], 1);
  EXPECT_EQ(json["invalid"], 1);
  EXPECT_EQ(json["sampled_one_in"], 1);
  EXPECT_EQ(json["time_distance"]["max"], 270'000);
  EXPECT_EQ(json["offset_distance"]["p50"], 2);
  EXPECT_EQ(json["windows"][1]["window"], 3'600'000);
  EXPECT_EQ(json["windows"][1]["duplicates"], 3);
  EXPECT_EQ(json["windows"][1]["entries"], 2);
  EXPECT_EQ(json["windows"][1]["memory_bytes"], 80);
  EXPECT_EQ(json["windows"][0]["duplicates"], 0);
  EXPECT_TRUE(json["time_histogram"].back()["up_to"].is_null());
}

TEST(ScanReport, WiderFingerprintsNeedMoreMemory) {
  const auto json = nlohmann::json::parse(ToJson(Example(), {"orders", 2, 256}));
  EXPECT_EQ(json["windows"][1]["memory_bytes"], 112);
}

TEST(ScanReport, TextSaysTheSame) {
  const std::string text = ToText(Example(), {"orders", 2, 128});
  EXPECT_THAT(text, HasSubstr("orders, 2 partitions, 4.5m of events\n"));
  EXPECT_THAT(text, HasSubstr("80.00 % of what could be judged"));
  EXPECT_THAT(text, HasSubstr("3.0m"));
  EXPECT_THAT(text, Not(HasSubstr("was looked at")));
}

TEST(ScanReport, ASampleIsSaid) {
  ScanReport report = Example();
  report.sample_level = 3;
  EXPECT_THAT(ToText(report, {"orders", 2, 128}), HasSubstr("1 event in 8 was looked at"));
}

TEST(ScanReport, AnEmptyTopic) {
  EXPECT_THAT(ToText({}, {"orders", 1, 128}), HasSubstr("orders, 1 partitions\n"));
  EXPECT_EQ(nlohmann::json::parse(ToJson({}, {"orders", 1, 128}))["duplicate_share"], 0);
}

}  // namespace
}  // namespace semel::scan
