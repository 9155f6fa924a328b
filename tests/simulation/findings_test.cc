// Each rule is shown a run that breaks it.
#include "findings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace semel::simulation {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Fingerprint PrintOf(std::uint8_t event) {
  Fingerprint fingerprint;
  fingerprint.bytes[0] = event;
  return fingerprint;
}

metrics::Snapshot Figures(std::uint64_t read, std::uint64_t unique, std::uint64_t duplicates) {
  metrics::PartitionSnapshot partition;
  partition.read = read;
  partition.unique = unique;
  partition.duplicates = duplicates;
  metrics::LaneSnapshot lane;
  lane.partitions = {partition};
  metrics::Snapshot snapshot;
  snapshot.lanes = {lane};
  return snapshot;
}

const prove::Counts kExpected{.read = 10, .unique = 7, .duplicates = 3};

TEST(FindingsTest, CountersThatAreRight) {
  Findings findings;
  CheckCounters({{"w1", Figures(6, 4, 2), true}, {"w2", Figures(4, 3, 1), true}}, kExpected,
                findings);
  EXPECT_THAT(findings, IsEmpty());
}

TEST(FindingsTest, ARecordThatIsInNoCounter) {
  Findings findings;
  CheckCounters({{"w1", Figures(10, 7, 2), true}}, kExpected, findings);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_THAT(findings[0].text, HasSubstr("w1: partition 0 does not add up"));
  EXPECT_THAT(findings[1].text, HasSubstr("duplicates: 2 counted, 3 there"));
}

TEST(FindingsTest, ARecordThatIsCountedTwice) {
  Findings findings;
  CheckCounters({{"w1", Figures(6, 4, 2), false}, {"w2", Figures(5, 4, 1), true}}, kExpected,
                findings);
  EXPECT_THAT(findings, SizeIs(2)) << "read and unique";
}

TEST(FindingsTest, AKilledProcessMayHaveCountedMore) {
  Findings findings;
  CheckCounters({{"w1", Figures(5, 3, 2), false}}, kExpected, findings);
  EXPECT_THAT(findings, IsEmpty());
  CheckCounters({{"w1", Figures(5, 3, 2), true}}, kExpected, findings);
  EXPECT_THAT(findings, SizeIs(3));
}

Accounts EqualAccounts() {
  const Remembered remembered{100, {{PrintOf(1), {50, 7}}, {PrintOf(2), {60, 8}}}};
  return {.partition = 3, .changelog = remembered, .live = remembered, .snapshots = remembered};
}

TEST(FindingsTest, AccountsThatAgree) {
  Findings findings;
  CheckAccounts(EqualAccounts(), findings);
  EXPECT_THAT(findings, IsEmpty());
}

TEST(FindingsTest, AnEntryThatTheProcessHasAndTheChangelogDoesNot) {
  Accounts accounts = EqualAccounts();
  accounts.live->entries[PrintOf(3)] = {70, 9};
  Findings findings;
  CheckAccounts(accounts, findings);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].text, HasSubstr("partition 3, the process that serves it"));
  EXPECT_THAT(findings[0].text, HasSubstr("0 entries missing, 1 too many"));
}

TEST(FindingsTest, AnEntryThatASnapshotLost) {
  Accounts accounts = EqualAccounts();
  accounts.snapshots->entries.erase(PrintOf(1));
  Findings findings;
  CheckAccounts(accounts, findings);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].text, HasSubstr("a restore with snapshots"));
  EXPECT_THAT(findings[0].text, HasSubstr("1 entries missing"));
}

TEST(FindingsTest, AnotherTimeAndAnotherStreamTime) {
  Accounts accounts = EqualAccounts();
  accounts.live->entries[PrintOf(1)] = {51, 7};
  accounts.snapshots->stream_time_ms = 99;
  Findings findings;
  CheckAccounts(accounts, findings);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_THAT(findings[0].text, HasSubstr("1 with another time"));
  EXPECT_THAT(findings[1].text, HasSubstr("stream time 99 and not 100"));
}

prove::Histories Output() {
  prove::Histories histories;
  for (std::int64_t offset = 0; offset < 3; ++offset)
    histories.output.push_back({{0, offset}, 1, 100U + static_cast<std::uint64_t>(offset), {}, {}});
  return histories;
}

TEST(FindingsTest, AReaderThatSawEverything) {
  Findings findings;
  CheckReader({{{0, {{0, 100}, {1, 101}, {2, 102}}}}}, Output(), findings);
  EXPECT_THAT(findings, IsEmpty());
}

TEST(FindingsTest, AReaderThatWentBack) {
  Findings findings;
  CheckReader({{{0, {{0, 100}, {2, 102}, {1, 101}}}}}, Output(), findings);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].text, HasSubstr("offset 1: it went back"));
}

TEST(FindingsTest, AReaderThatSawAnAbortedRecord) {
  Findings findings;
  CheckReader({{{0, {{0, 100}, {1, 101}, {2, 102}, {3, 103}}}}}, Output(), findings);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].text, HasSubstr("offset 3: it was given what was never committed"));
}

TEST(FindingsTest, AReaderThatMissedARecord) {
  Findings findings;
  CheckReader({{{0, {{0, 100}, {2, 102}}}}}, Output(), findings);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_THAT(findings[0].text, HasSubstr("it missed 1"));
}

TEST(FindingsTest, OneForEachKindOfViolation) {
  prove::Report report;
  report.Add(prove::Violation::kLost, "in [0] offset 7 did not come out");
  report.Add(prove::Violation::kLost, "in [0] offset 8 did not come out");
  report.Add(prove::Violation::kOutOfOrder, "out [0] offset 9");
  const Findings findings = FindingsOf(report);
  ASSERT_THAT(findings, SizeIs(2));
  EXPECT_EQ(findings[0].rule, "lost");
  EXPECT_EQ(findings[0].text, "2: in [0] offset 7 did not come out");
}

}  // namespace
}  // namespace semel::simulation
