#include "seen_set/changelog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <limits>
#include <random>
#include <ranges>

#include "base/crc32c.h"

namespace semel {

namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::int64_t kNoon = 1'764'590'400'000;
constexpr std::int64_t kHour = 3'600'000;
constexpr std::int64_t kTwo62 = std::int64_t{1} << 62;

Fingerprint Counting(int first, int bits) {
  Fingerprint fingerprint;
  for (int i = 0; i < bits / 8; ++i)
    fingerprint.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(first + i);
  return fingerprint;
}

ChangelogRecord Header(int bits) {
  ChangelogRecord record;
  record.rule.bits = bits;
  record.rule.window_ms = kHour * 24 * 7;
  for (std::size_t i = 0; i < 16; ++i) record.rule.rule_hash[i] = static_cast<std::uint8_t>(i);
  record.transactional_id = "semel.orders-a-0";
  record.partition = 3;
  record.begin = 1000;
  record.end = 1042;
  record.stream_time_ms = kNoon;
  return record;
}

ChangelogRecord Golden128() {
  ChangelogRecord record = Header(128);
  record.end = 1200;
  record.previous_append_ms = kNoon - 250;
  record.rewinds = true;
  record.entries = {{Counting(0x10, 128), kNoon - 5, 1000},
                    {Counting(0x20, 128), kNoon, 1001},
                    {Counting(0x30, 128), kNoon - kHour, 1199}};
  return record;
}

ChangelogRecord Golden256() {
  ChangelogRecord record = Header(256);
  record.epoch = 7;
  record.rule.window_ms = kHour * 24 * 366;
  record.transactional_id.clear();
  record.partition = std::numeric_limits<std::int32_t>::max();
  record.begin = kTwo62 - 300;
  record.end = kTwo62;
  record.stream_time_ms = kTwo62;
  record.previous_append_ms = kTwo62;
  record.skips = true;
  record.entries = {{Counting(0xF0, 256), 1, kTwo62 - 300}, {Counting(0, 256), kTwo62, kTwo62 - 1}};
  return record;
}

std::vector<std::string> Pack(const ChangelogRecord& record,
                              std::size_t bytes_max = kChangelogRecordBytesMax) {
  std::vector<std::string> out;
  PackChangelog(record, record.entries, out, bytes_max);
  return out;
}

std::string ReadGolden(const std::string& name) {
  std::ifstream file(std::string(SEMEL_TEST_DATA "/changelog_v1_") + name + ".bin",
                     std::ios::binary);
  EXPECT_TRUE(file) << name;
  return {std::istreambuf_iterator<char>(file), {}};
}

void ExpectEqual(const ChangelogRecord& a, const ChangelogRecord& b) {
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.rule, b.rule);
  EXPECT_EQ(a.transactional_id, b.transactional_id);
  EXPECT_EQ(a.partition, b.partition);
  EXPECT_EQ(a.begin, b.begin);
  EXPECT_EQ(a.end, b.end);
  EXPECT_EQ(a.stream_time_ms, b.stream_time_ms);
  EXPECT_EQ(a.previous_append_ms, b.previous_append_ms);
  EXPECT_EQ(a.continues, b.continues);
  EXPECT_EQ(a.rewinds, b.rewinds);
  EXPECT_EQ(a.skips, b.skips);
  EXPECT_TRUE(a.entries == b.entries);
}

// `body`: what lies before the CRC.
std::string WithCrc(std::string body) {
  const std::uint32_t crc = Crc32c(body);
  for (unsigned shift = 0; shift < 32; shift += 8) body.push_back(static_cast<char>(crc >> shift));
  return body;
}

std::string WithoutCrc(std::string bytes) {
  bytes.resize(bytes.size() - 4);
  return bytes;
}

// Refused as kStop, with a text in which `what` occurs.
void ExpectRefused(std::string_view bytes, const std::string& what) {
  ChangelogRecord record;
  const auto result = UnpackChangelog(bytes, record);
  ASSERT_FALSE(result.has_value()) << what;
  EXPECT_EQ(result.error().action, Action::kStop);
  EXPECT_THAT(result.error().message, HasSubstr(what));
}

TEST(Changelog, GoldenFilesArePackedAndReadBack) {
  const std::pair<const char*, ChangelogRecord> goldens[] = {
      {"empty", Header(128)}, {"128", Golden128()}, {"256", Golden256()}};
  for (const auto& [name, expected] : goldens) {
    SCOPED_TRACE(name);
    const std::string golden = ReadGolden(name);
    EXPECT_THAT(Pack(expected), testing::ElementsAre(golden));
    ChangelogRecord record;
    const auto result = UnpackChangelog(golden, record);
    ASSERT_TRUE(result.has_value()) << result.error().message;
    ExpectEqual(record, expected);
  }
}

TEST(Changelog, EveryBitFlipIsRefused) {
  for (const auto& golden : {ReadGolden("128"), ReadGolden("256"), ReadGolden("empty")}) {
    for (std::size_t bit = 0; bit < golden.size() * 8; ++bit) {
      std::string flipped = golden;
      flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << (bit % 8)));
      ExpectRefused(flipped, "changelog record: ");
    }
  }
}

TEST(Changelog, EveryTruncationIsRefusedWithAndWithoutAFittingCrc) {
  const std::string golden = ReadGolden("128");
  for (std::size_t size = 0; size < golden.size(); ++size)
    ExpectRefused(golden.substr(0, size), "changelog record: ");
  for (std::size_t size = 0; size < golden.size() - 4; ++size)
    ExpectRefused(WithCrc(golden.substr(0, size)), "changelog record: ");
}

TEST(Changelog, ArbitraryBytesBehindAFittingCrcAreSafe) {
  std::mt19937_64 random(7);
  const std::string golden = WithoutCrc(ReadGolden("128"));
  ChangelogRecord record;
  for (int round = 0; round < 100'000; ++round) {
    std::string bytes = golden;
    for (int change = 0; change < 3; ++change)
      bytes[2 + random() % (bytes.size() - 2)] = static_cast<char>(random());
    const std::string sealed = WithCrc(bytes);
    if (!UnpackChangelog(sealed, record)) continue;
    EXPECT_THAT(Pack(record), testing::ElementsAre(sealed)) << "equal records are equal bytes";
  }
}

TEST(Changelog, NamesWhatDoesNotFit) {
  const std::string golden = ReadGolden("empty");
  const std::string body = WithoutCrc(golden);
  ExpectRefused("", "magic");
  ExpectRefused("T" + golden.substr(1), "magic");
  ExpectRefused("S\x02" + golden.substr(2), "version 2 is unknown");
  ExpectRefused(body + std::string(4, '\0'), "CRC-32C differs");
  const auto with = [&](std::size_t at, const std::string& bytes) {
    return WithCrc(body.substr(0, at) + bytes + body.substr(at + 1));
  };
  ExpectRefused(with(2, "\x03"), "flags 3");
  ExpectRefused(with(2, "\x08"), "flags 8");
  ExpectRefused(with(3, "\x14"), "fingerprints of 20 bytes");
  ExpectRefused(with(4, std::string("\x81\x00", 2)), "epoch is cut off or not a canonical");
  ExpectRefused(with(4, "\x80\x80\x80\x80\x10"), "epoch is too large: 4294967296");
  ExpectRefused(with(4, std::string(9, '\xff') + "\x02"), "epoch is cut off or not a canonical");
  ExpectRefused(with(body.size() - 1, "\x01"), "entry count 1 does not fit");
  ExpectRefused(with(body.size() - 1, std::string(9, '\xff') + "\x01"), "entry count");
  ExpectRefused(WithCrc(body + "x"), "1 bytes after the last entry");
}

TEST(Changelog, RefusesEntriesOutsideTheRangeOrTheStreamTime) {
  ChangelogRecord header = Header(128);
  header.entries = {{Counting(1, 128), kNoon, 1041}};
  const std::string body = WithoutCrc(Pack(header).front());  // ends: offset gap 41, time delta 0
  ASSERT_EQ(body.substr(body.size() - 2), std::string("\x29\x00", 2));
  const auto ending = [&](const std::string& bytes) {
    return WithCrc(body.substr(0, body.size() - 2) + bytes);
  };
  ChangelogRecord record;
  EXPECT_TRUE(UnpackChangelog(ending(std::string("\x29\x00", 2)), record));
  ExpectRefused(ending(std::string("\x2a\x00", 2)), "entry 0: offset is not in the record's range");
  ExpectRefused(ending("\x29\x02"), "entry 0: time is not between 1 and the stream time");
}

TEST(Changelog, SplitsIntoConsecutiveRangesWithinTheLimit) {
  ChangelogRecord whole = Golden128();
  whole.begin = 100;
  whole.end = 100'000;
  whole.entries.clear();
  for (int i = 0; i < 10'000; ++i) {
    whole.entries.push_back(
        {Counting(i, 128), kNoon - std::int64_t{i} * 7919 % kHour, 105 + std::int64_t{i} * 9});
  }
  const auto parts = Pack(whole, 4096);
  ASSERT_GT(parts.size(), 10'000U * 18 / 4096);
  std::vector<Sighting> together;
  std::int64_t next = whole.begin;
  ChangelogRecord part;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    EXPECT_LE(parts[i].size(), 4096U);
    ASSERT_TRUE(UnpackChangelog(parts[i], part));
    EXPECT_EQ(part.begin, next);
    EXPECT_EQ(part.continues, i > 0);
    EXPECT_EQ(part.rewinds, i == 0);
    EXPECT_EQ(part.stream_time_ms, whole.stream_time_ms);
    EXPECT_EQ(part.previous_append_ms, whole.previous_append_ms);
    std::ranges::copy(part.entries, std::back_inserter(together));
    next = part.end;
  }
  EXPECT_EQ(next, whole.end);
  EXPECT_TRUE(together == whole.entries);
}

TEST(Changelog, AnEntryIsPackedHoweverSmallTheLimit) {
  EXPECT_THAT(Pack(Golden128(), 1), SizeIs(3));
  EXPECT_THAT(Pack(Header(128), 1), SizeIs(1));
}

TEST(Changelog, AnEntryCostsAboutTwentyBytes) {
  ChangelogRecord whole = Header(128);
  whole.end = whole.begin + 10'000;
  for (int i = 0; i < 7'000; ++i)
    whole.entries.push_back({Counting(i, 128), kNoon - i % 60, whole.begin + i * 10 / 7});
  std::size_t bytes = 0;
  for (const std::string& part : Pack(whole)) bytes += part.size();
  EXPECT_LE(bytes, 20 * whole.entries.size());
}

}  // namespace
}  // namespace semel
