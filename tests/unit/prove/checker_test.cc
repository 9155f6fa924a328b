#include "prove/checker.h"

#include <gmock/gmock.h>

#include <map>

#include "history_builder.h"

namespace semel::prove {
namespace {

using testing::HasSubstr;

// Two partitions; records 1, 2 and 5 are duplicates of 0, 0 and 4; 3 is unique again.
HistoryBuilder Right() {
  HistoryBuilder builder;
  builder.In(0, 1, kStart).In(0, 1, kStart).In(0, 1, kStart + kWindow);
  builder.In(0, 1, kStart + kWindow + 1);
  builder.In(1, 2, kStart).In(1, 2, kStart).In(1, 3, kStart);
  builder.Out(0).Out(3).Out(4).Out(6);
  builder.Log(0, 0, 2, {0}).Log(0, 2, 4, {3}).Log(1, 0, 3, {4, 6});
  builder.histories().committed = builder.histories().input_end;
  return builder;
}

// Exactly these violations, and no others.
void ExpectOnly(const Report& report, const std::map<Violation, std::uint64_t>& expected) {
  for (std::size_t i = 0; i < kViolations; ++i) {
    const auto violation = static_cast<Violation>(i);
    const auto found = expected.find(violation);
    EXPECT_EQ(report.count(violation), found == expected.end() ? 0 : found->second)
        << Name(violation);
  }
  EXPECT_EQ(report.passed(), expected.empty());
}

std::string Example(const Report& report, Violation violation) {
  return report.examples(violation).empty() ? "" : report.examples(violation).front();
}

TEST(Checker, ARightOutputPasses) {
  const Report report = CheckOf(Right().histories());
  ExpectOnly(report, {});
  EXPECT_EQ(report.counts.read, 7);
  EXPECT_EQ(report.counts.unique, 4);
  EXPECT_EQ(report.counts.duplicates, 3);
  EXPECT_EQ(report.counts.written, 4);
  EXPECT_EQ(report.counts.changelog_records, 3);
  EXPECT_EQ(report.counts.changelog_entries, 4);
}

TEST(Checker, NothingAtAllPasses) { ExpectOnly(CheckOf(Histories{}), {}); }

TEST(Checker, WithoutChangelogAndGroupOnlyTheOutputIsChecked) {
  HistoryBuilder builder = Right();
  builder.histories().changelog.reset();
  builder.histories().committed.reset();
  ExpectOnly(CheckOf(builder.histories()), {});
}

TEST(Checker, FindsALostEvent) {
  HistoryBuilder builder = Right();
  builder.histories().output.erase(builder.histories().output.begin() + 1);
  const Report report = CheckOf(builder.histories());
  ExpectOnly(report, {{Violation::kLost, 1}, {Violation::kChangelogExtra, 1}});
  EXPECT_EQ(Example(report, Violation::kLost), "in [0] offset 3 did not come out");
}

TEST(Checker, FindsTheSameRecordTwice) {
  HistoryBuilder builder = Right();
  auto& output = builder.histories().output;
  OutputRecord again = output[0];
  again.at.offset = 2;
  output.insert(output.begin() + 2, again);
  const Report report = CheckOf(builder.histories());
  ExpectOnly(report, {{Violation::kDuplicated, 1}});
  EXPECT_EQ(Example(report, Violation::kDuplicated),
            "out [0] offset 2: the event of in [0] offset 0 came out before, as out [0] offset 0");
}

TEST(Checker, FindsASecondCopyOfAnEvent) {
  HistoryBuilder builder = Right();
  builder.Out(5);
  ExpectOnly(CheckOf(builder.histories()),
             {{Violation::kDuplicated, 1}, {Violation::kChangelogMissing, 1}});
}

TEST(Checker, FindsThatAnotherCopyThanTheFirstCameOut) {
  HistoryBuilder builder = Right();
  OutputRecord& record = builder.histories().output[2];
  const InputRecord& second = builder.histories().input[5];
  record.uid = second.uid;
  record.digest = second.digest;
  const Report report = CheckOf(builder.histories());
  ExpectOnly(report, {{Violation::kWrongCopy, 1},
                      {Violation::kChangelogMissing, 1},
                      {Violation::kChangelogExtra, 1}});
  EXPECT_THAT(Example(report, Violation::kWrongCopy), HasSubstr("out [1] offset 0"));
}

TEST(Checker, FindsEachPartThatWasAltered) {
  const std::map<std::string, void (*)(OutputRecord&)> changes = {
      {"key", [](OutputRecord& record) { ++record.digest.key; }},
      {"value", [](OutputRecord& record) { ++record.digest.value; }},
      {"headers", [](OutputRecord& record) { ++record.digest.headers; }},
      {"timestamp", [](OutputRecord& record) { ++record.timestamp_ms; }},
  };
  for (const auto& [part, change] : changes) {
    HistoryBuilder builder = Right();
    change(builder.histories().output[1]);
    const Report report = CheckOf(builder.histories());
    ExpectOnly(report, {{Violation::kAltered, 1}});
    EXPECT_EQ(Example(report, Violation::kAltered),
              "out [0] offset 1: differs from in [0] offset 3 in " + part);
  }
}

TEST(Checker, FindsASwap) {
  HistoryBuilder builder = Right();
  auto& output = builder.histories().output;
  std::swap(output[2], output[3]);
  std::swap(output[2].at, output[3].at);
  const Report report = CheckOf(builder.histories());
  ExpectOnly(report, {{Violation::kOutOfOrder, 1}});
  EXPECT_THAT(Example(report, Violation::kOutOfOrder), HasSubstr("out [1] offset 1"));
}

TEST(Checker, FindsARecordInAnotherPartition) {
  HistoryBuilder builder = Right();
  builder.histories().output[1].at = {2, 0};
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kOutOfOrder, 1}});
}

TEST(Checker, FindsRecordsThatNeverWentIn) {
  HistoryBuilder builder = Right();
  auto& output = builder.histories().output;
  output.push_back(output.back());
  output.back().uid = 999;
  output.push_back(output.back());
  output.back().uid.reset();
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kUnexpected, 2}});
}

TEST(Checker, FindsAnOpenTransaction) {
  HistoryBuilder builder = Right();
  builder.histories().output_open[1] = 2;
  const Report report = CheckOf(builder.histories());
  ExpectOnly(report, {{Violation::kUndecided, 1}});
  EXPECT_THAT(Example(report, Violation::kUndecided), HasSubstr("out [1] offset 2"));
}

TEST(Checker, FindsAnOffsetThatIsNotTheEnd) {
  HistoryBuilder builder = Right();
  builder.histories().committed->at(1) = 2;
  ExpectOnly(CheckOf(builder.histories()),
             {{Violation::kUncommitted, 1}, {Violation::kChangelogRange, 1}});
  builder.histories().committed->erase(1);
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kUncommitted, 1}});
}

TEST(Checker, FindsAnInputThatWasWrittenTwice) {
  HistoryBuilder builder = Right();
  builder.histories().input[5].uid = builder.histories().input[4].uid;
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kInputChanged, 1}});
}

// Unjudged records: 0 missing, 1 invalid, 2 unique, 3 late.
HistoryBuilder WithUnjudged() {
  HistoryBuilder builder;
  builder.In(0, 1, kStart, Outcome::kMissing).In(0, 2, kStart, Outcome::kInvalid);
  builder.In(0, 3, kStart + kWindow).In(0, 4, kStart - 1);
  return builder;
}

TEST(Checker, UnjudgedRecordsPassAndAreInNoChangelog) {
  HistoryBuilder builder = WithUnjudged();
  builder.Out(0).Out(1).Out(2).Out(3).Log(0, 0, 4, {2});
  const Report report = CheckOf(builder.histories());
  ExpectOnly(report, {});
  EXPECT_EQ(report.counts.missing, 1);
  EXPECT_EQ(report.counts.invalid, 1);
  EXPECT_EQ(report.counts.late, 1);

  builder.Log(0, 4, 4, {0});
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kChangelogExtra, 1}});
  builder.histories().changelog.reset();
  builder.histories().output.erase(builder.histories().output.begin());
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kLost, 1}});
}

TEST(Checker, UnjudgedRecordsAreDroppedWhereThePolicySaysSo) {
  Rules rules = RulesOfTests();
  rules.missing = rules.invalid = rules.late = Unjudged::kDrop;
  HistoryBuilder builder = WithUnjudged();
  builder.Out(2).Log(0, 0, 4, {2});
  ExpectOnly(CheckOf(builder.histories(), rules), {});
  builder.Out(3);
  ExpectOnly(CheckOf(builder.histories(), rules), {{Violation::kUnexpected, 1}});
}

HistoryBuilder Marked() {
  HistoryBuilder builder;
  builder.In(0, 1, kStart).In(0, 1, kStart).In(0, 2, kStart);
  builder.Out(0).Out(1).Out(2).Log(0, 0, 3, {0, 2});
  builder.histories().output[1].duplicate_of = Position{0, 0};
  return builder;
}

TEST(Checker, MarkedDuplicatesAllComeOut) {
  Rules rules = RulesOfTests();
  rules.mark_duplicates = true;
  HistoryBuilder builder = Marked();
  ExpectOnly(CheckOf(builder.histories(), rules), {});

  builder.histories().output[1].duplicate_of = Position{0, 2};
  ExpectOnly(CheckOf(builder.histories(), rules), {{Violation::kAltered, 1}});
  builder.histories().output[1].duplicate_of.reset();
  ExpectOnly(CheckOf(builder.histories(), rules),
             {{Violation::kDuplicated, 1}, {Violation::kChangelogMissing, 1}});
  builder.histories().output.erase(builder.histories().output.begin() + 1);
  ExpectOnly(CheckOf(builder.histories(), rules), {{Violation::kLost, 1}});
}

TEST(Checker, AFirstSightMustNotBeMarked) {
  Rules rules = RulesOfTests();
  rules.mark_duplicates = true;
  HistoryBuilder builder = Marked();
  builder.histories().output[2].duplicate_of = Position{0, 0};
  ExpectOnly(CheckOf(builder.histories(), rules), {{Violation::kAltered, 1}});
}

TEST(ChangelogCheck, FindsAMissingEntry) {
  HistoryBuilder builder = Right();
  builder.histories().changelog->entries.pop_back();
  const Report report = CheckOf(builder.histories());
  ExpectOnly(report, {{Violation::kChangelogMissing, 1}});
  EXPECT_THAT(Example(report, Violation::kChangelogMissing), HasSubstr("in [1] offset 2"));
}

TEST(ChangelogCheck, FindsEntriesTooMany) {
  HistoryBuilder builder = Right();
  auto& entries = builder.histories().changelog->entries;
  entries.push_back(entries.back());  // twice
  entries.push_back(entries.back());  // a duplicate's
  entries.back().input.offset = 1;
  entries.push_back(entries.back());  // nobody's
  entries.back().input.offset = 77;
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kChangelogExtra, 3}});
}

TEST(ChangelogCheck, FindsOtherFingerprintsAndTimes) {
  HistoryBuilder builder = Right();
  auto& entries = builder.histories().changelog->entries;
  entries[0].sighting.fingerprint = PrintOf(77);
  entries[1].sighting.time_ms += 1;
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kChangelogDiffers, 2}});
}

TEST(ChangelogCheck, FindsGapOverlapAndAnEarlyEnd) {
  HistoryBuilder builder = Right();
  auto& ranges = builder.histories().changelog->ranges;
  ranges[0].end = 1;
  Report report = CheckOf(builder.histories());
  ExpectOnly(report, {{Violation::kChangelogRange, 1}});
  EXPECT_THAT(Example(report, Violation::kChangelogRange), HasSubstr("a gap"));
  ranges[0].end = 3;
  report = CheckOf(builder.histories());
  ExpectOnly(report, {{Violation::kChangelogRange, 1}});
  EXPECT_THAT(Example(report, Violation::kChangelogRange), HasSubstr("an overlap"));
  ranges[0].end = 2;
  ranges[2].end = 2;
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kChangelogRange, 1}});
  builder.histories().committed.reset();
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kChangelogRange, 1}});
}

TEST(ChangelogCheck, FindsALateBeginAndAnotherPartition) {
  HistoryBuilder builder = Right();
  auto& ranges = builder.histories().changelog->ranges;
  ranges[0].begin = 1;
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kChangelogRange, 1}});
  ranges[0].begin = 0;
  ranges[2].at.partition = 0;
  ExpectOnly(CheckOf(builder.histories()), {{Violation::kChangelogRange, 1}});
}

}  // namespace
}  // namespace semel::prove
