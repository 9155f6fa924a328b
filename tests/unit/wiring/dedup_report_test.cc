#include "wiring/dedup_report.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace semel {
namespace {

using testing::HasSubstr;
using testing::Not;

metrics::Snapshot TwoLanes() {
  metrics::Snapshot snapshot;
  snapshot.lanes = {{.lane = 0, .transactions_committed = 3, .transactions_aborted = 1},
                    {.lane = 1, .transactions_committed = 4}};
  snapshot.lanes[0].partitions = {{.partition = 0,
                                   .phase = metrics::Phase::kServing,
                                   .read = 10,
                                   .unique = 7,
                                   .duplicates = 3,
                                   .position = 10,
                                   .end = 15}};
  snapshot.lanes[1].partitions = {{.partition = 1,
                                   .phase = metrics::Phase::kRestoring,
                                   .read = 5,
                                   .unique = 4,
                                   .late = 1,
                                   .restore_position = 50,
                                   .restore_end = 200}};
  return snapshot;
}

TEST(DedupReport, SummaryAddsUpPartitionsAndLanes) {
  const auto json = nlohmann::json::parse(SummaryJson(Totals(TwoLanes()), 1.23456));
  EXPECT_EQ(json, nlohmann::json({{"read", 15},
                                  {"unique", 11},
                                  {"duplicates", 3},
                                  {"missing", 0},
                                  {"invalid", 0},
                                  {"late", 1},
                                  {"rejected", 0},
                                  {"transactions", 7},
                                  {"aborts", 1},
                                  {"seconds", 1.235}}));
}

TEST(DedupReport, TextNamesOnlyWhatThereIs) {
  const std::string text = SummaryText(Totals(TwoLanes()), 2);
  EXPECT_EQ(text, "15 read in 2.0 s: 11 unique, 3 duplicates, 1 late");
}

TEST(DedupReport, ProgressShowsRateAndRestore) {
  ProgressText line;
  JobTotals totals = Totals(TwoLanes());
  const ProgressText::TimePoint start{};
  EXPECT_THAT(line.Describe(totals, start), HasSubstr("15 read, 0/s, 20.0% duplicates, lag 5"));
  totals.counts.read += 1000;
  EXPECT_THAT(line.Describe(totals, start + std::chrono::seconds(2)), HasSubstr("500/s"));
  EXPECT_THAT(line.Describe(totals, start), HasSubstr("restoring 1 partitions: 25%"));
  totals.restoring = 0;
  EXPECT_THAT(line.Describe(totals, start), Not(HasSubstr("restoring")));
}

}  // namespace
}  // namespace semel
