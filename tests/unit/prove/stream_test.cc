#include "prove/stream.h"

#include <gmock/gmock.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "prove/digest.h"

namespace semel::prove {
namespace {

constexpr std::int64_t kBase = 1'700'000'000'000;
constexpr std::int64_t kWindowMs = 100'000;
constexpr std::int64_t kStepMs = 20;

StreamOptions Options() {
  StreamOptions options;
  options.seed = 42;
  options.shape = Shape::kSmall;
  options.partitions = 3;
  options.window_ms = kWindowMs;
  options.records_per_second = 500;
  return options;
}

// Three windows of record time.
std::vector<StreamRecord> Records(const StreamOptions& options, int count = 15'000) {
  Stream stream(options);
  std::vector<StreamRecord> records;
  for (int i = 0; i < count; ++i) records.push_back(stream.Next(kBase + i * kStepMs));
  return records;
}

Digest DigestOf(const StreamRecord& record) {
  std::vector<Header> headers;
  for (const StreamHeader& header : record.headers)
    headers.push_back({header.name, header.value ? Bytes(*header.value) : Bytes()});
  return prove::DigestOf(record.key ? Bytes(*record.key) : Bytes(),
                         record.value ? Bytes(*record.value) : Bytes(), headers);
}

TEST(Stream, TheSameSeedGivesTheSameRecords) {
  const auto one = Records(Options(), 500);
  const auto two = Records(Options(), 500);
  StreamOptions options = Options();
  options.seed = 43;
  const auto other = Records(options, 500);
  for (std::size_t i = 0; i < one.size(); ++i) {
    EXPECT_EQ(DigestOf(one[i]), DigestOf(two[i]));
    EXPECT_EQ(one[i].timestamp_ms, two[i].timestamp_ms);
    EXPECT_NE(one[i].uid, other[i].uid);
    EXPECT_NE(one[i].event_id, other[i].event_id);
  }
}

TEST(Stream, CopiesDifferInUidAndTimeOnly) {
  std::map<std::string, StreamRecord> first;
  std::set<std::uint64_t> uids;
  for (StreamRecord& record : Records(Options())) {
    EXPECT_TRUE(uids.insert(record.uid).second);
    ASSERT_EQ(record.headers.at(0).name, kUidHeader);
    EXPECT_EQ(record.headers[0].value, ToHex(record.uid));
    const auto [found, added] = first.try_emplace(record.event_id, record);
    EXPECT_EQ(added, record.kind == RecordKind::kNew);
    if (added) continue;
    EXPECT_EQ(record.partition, found->second.partition);
    EXPECT_EQ(record.key, found->second.key);
    EXPECT_EQ(record.value, found->second.value);
    EXPECT_EQ(record.headers.size(), found->second.headers.size());
  }
}

TEST(Stream, AThirdOfTheCopiesAtEachDistance) {
  std::map<std::string, std::vector<StreamRecord>> sent;
  std::map<std::string, int> distances;
  int copies = 0;
  for (StreamRecord& record : Records(Options())) {
    auto& before = sent[record.event_id];
    if (record.kind == RecordKind::kCopy) {
      ++copies;
      const std::int64_t age = record.timestamp_ms - before.front().timestamp_ms;
      if (record.sequence - before.back().sequence <= 100)
        ++distances["near"];
      else if (record.sequence - before.back().sequence <= 2500)
        ++distances["seconds"];
      else
        ++distances["far"];
      if (age == kWindowMs) ++distances["edge"];
      if (age == kWindowMs + 1) ++distances["behind the edge"];
    }
    before.push_back(std::move(record));
  }
  EXPECT_NEAR(copies, 4500, 200);
  EXPECT_NEAR(distances["near"], copies / 3, copies / 10);
  EXPECT_NEAR(distances["seconds"], copies / 3, copies / 6);
  EXPECT_GT(distances["far"], copies / 8);
  EXPECT_GT(distances["edge"], 100);
  EXPECT_GT(distances["behind the edge"], 100);
}

TEST(Stream, NothingIsNewerThanTheStream) {
  StreamOptions options = Options();
  options.late = 0.1;
  Stream stream(options);
  int late = 0;
  for (int i = 0; i < 10'000; ++i) {
    const std::int64_t now = kBase + i * kStepMs;
    const StreamRecord record = stream.Next(now);
    EXPECT_LE(record.timestamp_ms, now);
    if (record.kind != RecordKind::kLate) continue;
    ++late;
    EXPECT_LT(record.timestamp_ms, now - kWindowMs);
  }
  EXPECT_NEAR(late, 1000, 150);
}

TEST(Stream, HasRecordsThatCannotBeJudged) {
  StreamOptions options = Options();
  options.missing = 0.1;
  options.invalid = 0.1;
  int missing = 0;
  int invalid = 0;
  int without_value = 0;
  for (const StreamRecord& record : Records(options, 5000)) {
    if (!record.value) {
      EXPECT_EQ(record.kind, RecordKind::kMissing);
      ++without_value;
      continue;
    }
    const auto json = nlohmann::json::parse(*record.value, nullptr, false);
    EXPECT_EQ(json.is_discarded(), record.kind == RecordKind::kInvalid);
    if (record.kind == RecordKind::kInvalid) ++invalid;
    if (json.is_discarded()) continue;
    const bool has_id = json.contains("event_id") && json["event_id"].is_string();
    EXPECT_EQ(has_id, record.kind != RecordKind::kMissing);
    if (!has_id)
      ++missing;
    else
      EXPECT_EQ(json["event_id"], record.event_id);
  }
  EXPECT_NEAR(missing + without_value, 500, 100);
  EXPECT_GT(without_value, 100);
  EXPECT_NEAR(invalid, 500, 100);
}

TEST(Stream, HasKeysAndHeadersOfEveryKind) {
  std::set<std::string> seen;
  for (const StreamRecord& record : Records(Options(), 1000)) {
    seen.insert(!record.key ? "null key" : record.key->empty() ? "empty key" : "key");
    for (std::size_t i = 1; i < record.headers.size(); ++i) {
      if (!record.headers[i].value)
        seen.insert("null header");
      else if (record.headers[i].value->empty())
        seen.insert("empty header");
      if (record.headers[i].name == record.headers[i - 1].name) seen.insert("repeated header");
    }
  }
  EXPECT_THAT(seen, testing::UnorderedElementsAre("null key", "empty key", "key", "null header",
                                                  "empty header", "repeated header"));
}

TEST(Stream, AViewEventHas136FieldsAndTheSizeOfARealOne) {
  StreamOptions options = Options();
  options.shape = Shape::kViewEvent;
  std::size_t bytes = 0;
  for (const StreamRecord& record : Records(options, 200)) {
    const auto json = nlohmann::json::parse(*record.value);
    EXPECT_EQ(json.size(), 136);
    for (const char* field : {"userId", "content_id", "event_name", "event_datetime", "sid"})
      EXPECT_TRUE(json[field].is_string()) << field;
    bytes += record.value->size();
  }
  EXPECT_NEAR(static_cast<double>(bytes) / 200, 4300, 100);
}

TEST(Stream, ASmallEventIsSmall) {
  std::size_t bytes = 0;
  for (const StreamRecord& record : Records(Options(), 200)) bytes += record.value->size();
  EXPECT_NEAR(static_cast<double>(bytes) / 200, 200, 20);
}

}  // namespace
}  // namespace semel::prove
