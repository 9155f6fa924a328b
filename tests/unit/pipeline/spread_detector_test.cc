#include "pipeline/spread_detector.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <vector>

#include "manual_clock.h"

namespace semel::pipeline {
namespace {

constexpr std::chrono::milliseconds kWindow{1000};

class Words final : public Logger {
 public:
  void Write(LogLevel /*level*/, std::string_view message,
             std::initializer_list<LogField> fields) override {
    texts.emplace_back(message);
    for (const LogField& field : fields) texts.back() += " " + field.value;
  }
  std::vector<std::string> texts;
};

Fingerprint Sample(std::uint64_t id) {
  Fingerprint fingerprint;
  std::memcpy(&fingerprint.bytes[8], &id, sizeof(id));
  return fingerprint;
}

class Spread : public ::testing::Test {
 protected:
  std::uint64_t Saw(kafka::Partition partition, std::uint64_t id, std::int64_t time_ms) {
    const Sighting sighting{Sample(id), time_ms, 0};
    return detector_.Saw(partition, {&sighting, 1});
  }

  testing::ManualClock clock_;
  Words log_;
  SpreadDetector detector_{kWindow, "orders", clock_, log_};
};

TEST_F(Spread, ACopyInAnotherPartitionCountsWithinTheWindow) {
  EXPECT_EQ(Saw(0, 1, 5000), 0U);
  EXPECT_EQ(Saw(1, 2, 5000), 0U);
  EXPECT_EQ(Saw(1, 1, 6000), 1U);
  EXPECT_EQ(Saw(2, 1, 4000), 1U);
}

TEST_F(Spread, AfterTheWindowItIsAnotherEvent) {
  EXPECT_EQ(Saw(0, 1, 5000), 0U);
  EXPECT_EQ(Saw(1, 1, 6001), 0U);
  EXPECT_EQ(Saw(0, 1, 7001), 1U) << "counted against the later one";
}

TEST_F(Spread, TheSamePartitionIsTheSeenSetsBusiness) {
  EXPECT_EQ(Saw(0, 1, 5000), 0U);
  EXPECT_EQ(Saw(0, 1, 5500), 0U);
}

TEST_F(Spread, SpeaksFromTheThirdOnAndNotAllTheTime) {
  for (std::uint64_t id = 1; id <= 9; ++id) {
    Saw(0, id, 5000);
    Saw(1, id, 5000);
    EXPECT_EQ(log_.texts.size(), id < 3 ? 0U : 1U);
  }
  EXPECT_THAT(log_.texts.front(), ::testing::HasSubstr("orders 3 12288"));
  clock_.Advance(std::chrono::minutes{10});
  Saw(2, 1, 5000);
  EXPECT_EQ(log_.texts.size(), 2U);
}

TEST_F(Spread, TheEstimateIsWithin20PercentWhereOneIn20HasACopyElsewhere) {
  constexpr std::uint64_t kEvents = 20'000'000;
  std::mt19937_64 random(7);
  std::vector<Sighting> piece;
  std::uint64_t sampled = 0;
  for (std::uint64_t event = 0; event < kEvents; ++event) {
    Sighting sighting{.fingerprint = {}, .time_ms = 5000, .offset = 0};
    const std::uint64_t bits = random();
    std::memcpy(sighting.fingerprint.bytes.data(), &bits, sizeof(bits));
    std::memcpy(&sighting.fingerprint.bytes[8], &event, sizeof(event));
    const auto partition = static_cast<kafka::Partition>(event % 8);
    sampled += detector_.Saw(partition, {&sighting, 1});
    if (event % 20 == 0) sampled += detector_.Saw((partition + 3) % 8, {&sighting, 1});
  }
  const double estimate = static_cast<double>(sampled * SpreadDetector::kSampling);
  EXPECT_NEAR(estimate / (kEvents / 20.0), 1.0, 0.2);
}

}  // namespace
}  // namespace semel::pipeline
