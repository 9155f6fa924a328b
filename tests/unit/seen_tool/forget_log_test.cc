#include "seen_tool/forget_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "seen_tool/entries.h"
#include "seen_tool/forget.h"
#include "seen_tool/log_follower.h"

namespace semel::seen_tool {
namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kNow = 1'764'590'400'000;
constexpr std::int64_t kHour = 3'600'000;

Fingerprint Print(int number) {
  Fingerprint fingerprint;
  fingerprint.bytes[0] = static_cast<std::uint8_t>(number);
  fingerprint.bytes[1] = static_cast<std::uint8_t>(number / 256);
  fingerprint.bytes[2] = static_cast<std::uint8_t>(number / 65536);
  return fingerprint;
}

/// Entry i at input offset 2 i; the input was read up to 2 `count`.
std::vector<std::string> Changelog(int count) {
  const ChangelogRecord whole{.epoch = 2,
                              .rule = {.rule_hash = {1}, .window_ms = 24 * kHour, .bits = 128},
                              .transactional_id = "worker",
                              .partition = 3,
                              .begin = 0,
                              .end = 2 * count,
                              .stream_time_ms = kNow};
  std::vector<Sighting> entries;
  for (int i = 0; i < count; ++i) entries.push_back({Print(i), kNow - i % 1000, 2 * i});
  std::vector<std::string> records;
  PackChangelog(whole, entries, records);
  return records;
}

/// A changelog as a restart reads it.
class Restart {
 public:
  Restart() : follower_("seen", 3, 0) {}

  Restart& Read(const std::vector<std::string>& records) {
    for (const std::string& record : records) {
      const auto taken = follower_.Take({offset_++, kNow + offset_, record}, 0, kNow);
      EXPECT_TRUE(taken) << taken.error().message;
    }
    return *this;
  }

  const pipeline::PartitionState& state() const { return follower_.state(); }
  std::vector<Sighting> Remembered() const {
    return Collect(*state().seen, Window(state().changelog.rule));
  }

 private:
  LogFollower follower_;
  kafka::Offset offset_ = 0;
};

ForgetLog Forgotten(const Restart& restart, const std::set<Fingerprint>& fingerprints) {
  auto log = PackForget(restart.state(), fingerprints, "semel.orders-forget");
  EXPECT_TRUE(log);
  return log ? *std::move(log) : ForgetLog{};
}

TEST(ForgetLogTest, TheRestIsAsItWas) {
  for (const auto& numbers : {std::set{5}, {0}, {99}, {0, 50, 99}}) {
    Restart restart;
    restart.Read(Changelog(100));
    std::vector<Sighting> expected = restart.Remembered();
    std::set<Fingerprint> fingerprints;
    for (const int number : numbers) fingerprints.insert(Print(number));
    std::erase_if(expected,
                  [&](const Sighting& entry) { return fingerprints.contains(entry.fingerprint); });
    const ForgetLog log = Forgotten(restart, fingerprints);
    EXPECT_EQ(log.forgotten.size(), numbers.size());
    const pipeline::ChangelogPosition before = restart.state().changelog;
    restart.Read(log.records);
    EXPECT_EQ(restart.Remembered(), expected);
    EXPECT_EQ(restart.state().seen->stream_time_ms(), kNow);
    EXPECT_EQ(restart.state().changelog.covered, before.covered) << "the input is not read again";
    EXPECT_EQ(restart.state().changelog.epoch, 2U);
  }
}

TEST(ForgetLogTest, SaysWhoWroteItAndWhatCameBefore) {
  Restart restart;
  restart.Read(Changelog(100));
  const ForgetLog log = Forgotten(restart, {Print(98)});
  ASSERT_EQ(log.records.size(), 1U);
  EXPECT_EQ(log.written_again, 1U);
  ChangelogRecord record;
  ASSERT_TRUE(UnpackChangelog(log.records[0], record));
  EXPECT_TRUE(record.rewinds);
  EXPECT_EQ(record.begin, 196);
  EXPECT_EQ(record.end, 200);
  EXPECT_EQ(record.transactional_id, "semel.orders-forget");
  EXPECT_EQ(record.previous_append_ms, restart.state().changelog.last_append_ms);
}

TEST(ForgetLogTest, MuchOfItIsSeveralRecords) {
  Restart restart;
  restart.Read(Changelog(100'000));
  const ForgetLog log = Forgotten(restart, {Print(1)});
  EXPECT_GT(log.records.size(), 1U);
  restart.Read(log.records);
  EXPECT_EQ(restart.Remembered().size(), 99'999U);
}

TEST(ForgetLogTest, WhatIsNotRememberedWritesNothing) {
  Restart restart;
  restart.Read(Changelog(10));
  EXPECT_TRUE(Forgotten(restart, {Print(11)}).records.empty());
  restart.Read(Forgotten(restart, {Print(3)}).records);
  EXPECT_TRUE(Forgotten(restart, {Print(3)}).records.empty());
}

TEST(ForgetLogTest, AFingerprintInHex) {
  const auto parsed = ParseFingerprint("0a" + std::string(28, '0') + "ff");
  ASSERT_TRUE(parsed);
  EXPECT_EQ(ToHex(*parsed, 128), "0a" + std::string(28, '0') + "ff");
  EXPECT_TRUE(ParseFingerprint(std::string(64, 'e')));
  for (const std::string& text : {std::string(), std::string(31, '0'), std::string(33, '0'),
                                  std::string(32, 'g'), std::string(32, 'A')}) {
    const auto refused = ParseFingerprint(text);
    ASSERT_FALSE(refused) << text;
    EXPECT_THAT(refused.error().message, HasSubstr("'" + text + "'"));
  }
}

}  // namespace
}  // namespace semel::seen_tool
