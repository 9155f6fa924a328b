#include "scan/duplicate_scan.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

#include "semel/seen_set.h"

namespace semel::scan {
namespace {

constexpr std::uint64_t kPlenty = std::uint64_t{64} << 20U;
constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kStart = 1'700'000'000'000;

Identity Event(std::uint64_t number) {
  Identity identity;
  std::mt19937_64 random(number);
  for (std::size_t i = 0; i < 16; ++i)
    identity.fingerprint.bytes.at(i) = static_cast<std::uint8_t>(random());
  return identity;
}

/// By the definitions, with everything kept; windows by the seen-set itself.
class Model {
 public:
  void Take(const Arrival& arrival) {
    Partition& partition = partitions_[arrival.partition];
    if (partition.seen.empty())
      for (const auto window : kWindows)
        partition.seen.push_back(OpenMemorySeenSet({window, 128, 1}));
    ++report_.records;
    for (std::size_t i = 0; i < kWindows.size(); ++i) Judge(arrival, partition, i);
    if (arrival.identity.outcome != Outcome::kOk) {
      ++(arrival.identity.outcome == Outcome::kMissing ? report_.missing : report_.invalid);
      return;
    }
    const auto [first, fresh] = partition.firsts.try_emplace(arrival.identity.fingerprint, arrival);
    if (fresh) {
      if (!events_.insert(arrival.identity.fingerprint).second) ++report_.strays;
      return;
    }
    ++report_.copies;
    times_.push_back(std::abs(arrival.time_ms - first->second.time_ms));
    offsets_.push_back(arrival.offset - first->second.offset);
  }

  ScanReport Report() {
    ScanReport report = report_;
    report.unique = events_.size();
    for (const std::int64_t time : times_) {
      std::size_t bar = 0;
      while (time > kBars.at(bar)) ++bar;
      ++report.bars.at(bar).copies;
    }
    std::sort(times_.begin(), times_.end());
    std::sort(offsets_.begin(), offsets_.end());
    report.time_distance = {At(times_, 0.5), At(times_, 0.9), At(times_, 0.99), times_.back()};
    report.offset_distance = {At(offsets_, 0.5), At(offsets_, 0.9), At(offsets_, 0.99),
                              offsets_.back()};
    for (const auto& [number, partition] : partitions_)
      for (std::size_t i = 0; i < kWindows.size(); ++i)
        report.windows.at(i).entries += partition.peak.at(i);
    return report;
  }

 private:
  struct Partition {
    std::map<Fingerprint, Arrival> firsts;
    std::vector<std::unique_ptr<SeenSet>> seen;
    std::array<std::uint64_t, kWindows.size()> peak{};
  };

  void Judge(const Arrival& arrival, Partition& partition, std::size_t window) {
    SeenSet& seen = *partition.seen.at(window);
    const auto stage = seen.Begin();
    if (arrival.identity.outcome != Outcome::kOk) {
      EXPECT_TRUE(stage->Observe(arrival.time_ms));
    } else {
      const Sighting sighting{arrival.identity.fingerprint, arrival.time_ms, arrival.offset};
      Judgement judgement;
      EXPECT_TRUE(stage->Judge({&sighting, 1}, {&judgement, 1}));
      if (judgement.verdict == Verdict::kDuplicate) ++report_.windows.at(window).caught;
      if (judgement.verdict == Verdict::kLate) ++report_.windows.at(window).late;
    }
    stage->Confirm();
    partition.peak.at(window) = std::max<std::uint64_t>(partition.peak.at(window), seen.size());
  }

  static std::int64_t At(const std::vector<std::int64_t>& sorted, double share) {
    const auto rank =
        static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size()) - 1e-9));
    return sorted.at(std::max<std::size_t>(rank, 1) - 1);
  }

  ScanReport report_;
  std::set<Fingerprint> events_;
  std::map<std::int32_t, Partition> partitions_;
  std::vector<std::int64_t> times_;
  std::vector<std::int64_t> offsets_;
};

/// A stream of about `days`, with copies near and far, in other partitions and out of order.
std::vector<Arrival> RandomStream(std::uint64_t seed, int records, std::int64_t days,
                                  std::uint64_t events = 2'000) {
  std::mt19937_64 random(seed);
  std::vector<Arrival> stream;
  std::map<std::int32_t, std::int64_t> next;
  for (int i = 0; i < records; ++i) {
    const auto partition = static_cast<std::int32_t>(random() % 3);
    const std::int64_t now = kStart + days * kDay * i / records;
    const std::int64_t jitter = random() % 10 == 0 ? 2 * kDay : 5'000;
    const auto late = static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(jitter));
    Arrival arrival{partition, next[partition], now - late, Event(random() % events)};
    const auto kind = random() % 50;
    if (kind == 0) arrival.identity.outcome = Outcome::kMissing;
    if (kind == 1) arrival.identity = {Outcome::kInvalid, {}};
    next[partition] += 1 + static_cast<std::int64_t>(random() % 3);
    stream.push_back(arrival);
  }
  return stream;
}

void ExpectNear(std::int64_t found, std::int64_t exact) {
  EXPECT_GE(found, exact);
  EXPECT_LE(static_cast<double>(found), static_cast<double>(exact) * 1.02 + 1);
}

void ExpectNear(const Quantiles& found, const Quantiles& exact) {
  ExpectNear(found.p50, exact.p50);
  ExpectNear(found.p90, exact.p90);
  ExpectNear(found.p99, exact.p99);
  EXPECT_EQ(found.max, exact.max);
}

TEST(DuplicateScan, AgreesWithTheModel) {
  struct Stream {
    std::uint64_t seed;
    std::int64_t days;
    std::uint64_t events;
  };
  // Few events come again while the bucket of their first sight is not forgotten yet.
  for (const auto& [seed, days, events] :
       {Stream{1, 1, 2'000}, {2, 12, 2'000}, {3, 40, 2'000}, {4, 300, 2'000}, {5, 1, 5}}) {
    SCOPED_TRACE(seed);
    DuplicateScan scan(kPlenty, 9);
    Model model;
    for (const Arrival& arrival : RandomStream(seed, 8'000, days, events)) {
      scan.Take(arrival);
      model.Take(arrival);
    }
    const ScanReport found = scan.Report();
    const ScanReport exact = model.Report();
    EXPECT_EQ(found.sample_level, 0U);
    EXPECT_EQ(found.records, 8'000U);
    EXPECT_EQ(found.missing, exact.missing);
    EXPECT_EQ(found.invalid, exact.invalid);
    EXPECT_EQ(found.unique, exact.unique);
    EXPECT_EQ(found.copies, exact.copies);
    EXPECT_EQ(found.strays, exact.strays);
    ExpectNear(found.time_distance, exact.time_distance);
    ExpectNear(found.offset_distance, exact.offset_distance);
    for (std::size_t i = 0; i < kBars.size(); ++i)
      EXPECT_EQ(found.bars.at(i).copies, exact.bars.at(i).copies) << i;
    for (std::size_t i = 0; i < kWindows.size(); ++i) {
      EXPECT_EQ(found.windows.at(i).caught, exact.windows.at(i).caught) << i;
      EXPECT_EQ(found.windows.at(i).late, exact.windows.at(i).late) << i;
      EXPECT_EQ(found.windows.at(i).entries, exact.windows.at(i).entries) << i;
    }
  }
}

TEST(DuplicateScan, TheOrderOfPartitionsMattersNothing) {
  std::vector<Arrival> stream = RandomStream(5, 3'000, 3);
  DuplicateScan mixed(kPlenty, 9);
  for (const Arrival& arrival : stream) mixed.Take(arrival);
  std::ranges::stable_sort(stream, std::greater{}, &Arrival::partition);
  DuplicateScan sorted(kPlenty, 9);
  for (const Arrival& arrival : stream) sorted.Take(arrival);
  EXPECT_EQ(mixed.Report().copies, sorted.Report().copies);
  EXPECT_EQ(mixed.Report().strays, sorted.Report().strays);
  EXPECT_EQ(mixed.Report().windows[2].caught, sorted.Report().windows[2].caught);
  EXPECT_EQ(mixed.Report().windows[2].entries, sorted.Report().windows[2].entries);
}

// 300,000 events, every tenth of them twice, in a tenth of the memory that they need.
TEST(DuplicateScan, ASampleGivesCloseEstimates) {
  DuplicateScan scan(std::uint64_t{3} << 20U, 9);
  std::int64_t offset = 0;
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    const std::int64_t time = kStart + static_cast<std::int64_t>(i) * 10;
    scan.Take({0, offset++, time, Event(i)});
    if (i % 10 == 0 && i >= 1'000) scan.Take({0, offset++, time, Event(i - 1'000)});
  }
  const ScanReport report = scan.Report();
  EXPECT_GE(report.sample_level, 3U);
  EXPECT_EQ(report.records, 300'000U + 29'900U);
  EXPECT_NEAR(static_cast<double>(report.copies), 29'900, 29'900 * 0.06);
  EXPECT_NEAR(static_cast<double>(report.unique), 300'000, 300'000 * 0.01);
  EXPECT_EQ(report.time_distance.max, 10'000);
  ExpectNear(report.time_distance.p50, 10'000);
  EXPECT_EQ(report.windows[0].caught, report.copies);
  // 6,000 arrive in a minute, and a bucket more is kept.
  EXPECT_NEAR(static_cast<double>(report.windows[0].entries), 6'100, 6'100 * 0.15);
  EXPECT_NEAR(static_cast<double>(report.windows[3].entries), 300'000, 300'000 * 0.05);
}

TEST(DuplicateScan, NothingGivesAnEmptyReport) {
  const ScanReport report = DuplicateScan(kPlenty, 9).Report();
  EXPECT_EQ(report.records, 0U);
  EXPECT_EQ(report.duplicates(), 0U);
  EXPECT_EQ(report.time_distance.max, 0);
}

}  // namespace
}  // namespace semel::scan
