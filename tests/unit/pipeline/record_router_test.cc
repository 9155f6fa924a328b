#include "pipeline/record_router.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lane_process.h"
#include "scripted_producer.h"

namespace semel::pipeline {
namespace {

using semel::testing::StoredHeader;
using semel::testing::StoredRecord;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::int64_t kNow = semel::testing::kStartWallMs;
constexpr std::int64_t kWindow = 1000;

/// Topics: output, changelog, "orders-refused" with one partition. The key is `json:id`.
class RecordRouterTest : public ::testing::Test {
 protected:
  RecordRouterTest() : settings_(semel::testing::OrdersSettings(3)) {
    settings_.key.parts = {"json:id"};
    settings_.window = std::chrono::milliseconds{kWindow};
    seen_ = OpenMemorySeenSet({.window = settings_.window});
    stage_ = seen_->Begin();
    EXPECT_TRUE(producer_.Init(kafka::Milliseconds{1000}));
    EXPECT_TRUE(producer_.Begin());
  }

  void Add(std::int64_t offset, Bytes value, std::int64_t time_ms = kNow) {
    run_.push_back({.partition = 2,
                    .offset = offset,
                    .timestamp_ms = time_ms,
                    .key = "k",
                    .value = value,
                    .headers = headers_});
  }

  Result<void> Route() {
    if (!router_) {
      auto fingerprinter = Fingerprinter::Open(settings_.key);
      router_.emplace(settings_, std::move(*fingerprinter), log_);
    }
    return router_->Route(run_, rejected_, kNow, *stage_, producer_, tally_);
  }

  /// What was produced to a topic, as a reader would see it.
  std::vector<StoredRecord> Produced(const std::string& topic, kafka::Partition partition = 2) {
    EXPECT_TRUE(tally_.AddsUp());
    producer_.Serve();
    std::vector<StoredRecord> records;
    const auto& log = broker_.Log(topic, partition);
    for (kafka::Offset offset = 0; offset < log.high(); ++offset) records.push_back(log.at(offset));
    return records;
  }
  std::vector<std::string> Output() {
    std::vector<std::string> values;
    for (const StoredRecord& record : Produced("orders-unique")) values.push_back(*record.value);
    return values;
  }

  semel::testing::ManualClock clock_;
  semel::testing::FakeBroker broker_;
  LaneSettings settings_;
  semel::testing::ScriptedKafka kafka_{
      broker_, clock_, {"orders", {"orders-unique", "orders-changelog", "orders-refused"}}, "id"};
  semel::testing::ScriptedProducer producer_{kafka_};
  semel::testing::KeptLog log_;
  std::unique_ptr<SeenSet> seen_;
  std::unique_ptr<Stage> stage_;
  std::vector<Header> headers_{{"h", "1"}, {"empty", ""}, {"null", std::nullopt}};
  std::vector<Record> run_;
  RejectedRecords rejected_;
  metrics::PartitionSnapshot tally_;
  std::optional<RecordRouter> router_;
};

/// Writes down what it is asked, in order.
class AskedStage final : public Stage {
 public:
  Result<void> Judge(std::span<const Sighting> sightings, std::span<const std::int64_t> observed_ms,
                     std::span<Judgement> judgements) override {
    std::string text = "judge";
    for (std::size_t i = 0; i < sightings.size(); ++i) {
      if (observed_ms[i] > 0) text += " (" + std::to_string(observed_ms[i] - kNow) + ")";
      text += " " + std::to_string(sightings[i].offset);
      judgements[i] = {};
    }
    asked.push_back(text);
    return {};
  }
  Result<void> Observe(std::int64_t time_ms) override {
    asked.push_back("observe " + std::to_string(time_ms - kNow));
    return {};
  }
  Result<void> Release(const Sighting& sighting) override {
    asked.push_back("release " + std::to_string(sighting.offset));
    return {};
  }
  std::span<const Sighting> fresh() const override { return {}; }
  std::int64_t stream_time_ms() const override { return 0; }
  void Confirm() override {}

  std::vector<std::string> asked;
};

constexpr const char* kFirstJson = R"({"id":1})";
constexpr const char* kFirstAgainJson = R"({ "id" : 1.0 })";
constexpr const char* kSecondJson = R"({"id":2})";
constexpr const char* kMissingJson = R"({"name":"x"})";
constexpr const char* kInvalidJson = R"({"id":)";

TEST_F(RecordRouterTest, UniqueRecordsComeOutAsTheyAre) {
  Add(5, kFirstJson, kNow - 3);
  ASSERT_TRUE(Route());
  const auto output = Produced("orders-unique");
  ASSERT_EQ(output.size(), 1U);
  EXPECT_EQ(output[0].key, "k");
  EXPECT_EQ(output[0].value, kFirstJson);
  EXPECT_EQ(output[0].time_ms, kNow - 3);
  EXPECT_THAT(output[0].headers, ElementsAre(StoredHeader{"h", "1"}, StoredHeader{"empty", ""},
                                             StoredHeader{"null", std::nullopt}));
  EXPECT_EQ(tally_.unique, 1U);
}

TEST_F(RecordRouterTest, NullsStayNull) {
  settings_.key.parts = {"header:h"};
  Record record{.partition = 2, .offset = 1, .timestamp_ms = kNow, .key = {}, .headers = headers_};
  run_.push_back(record);
  ASSERT_TRUE(Route());
  const auto output = Produced("orders-unique");
  ASSERT_EQ(output.size(), 1U);
  EXPECT_EQ(output[0].key, std::nullopt);
  EXPECT_EQ(output[0].value, std::nullopt);
}

TEST_F(RecordRouterTest, WhateverTheKindTheOrderIsKept) {
  settings_.policies.duplicate.kind = Policy::Kind::kMark;
  rejected_[{2, 7}] = "too large";
  settings_.policies.rejected.kind = Policy::Kind::kPass;
  Add(3, kFirstJson);
  Add(4, kMissingJson);
  Add(5, kFirstAgainJson);
  Add(6, kInvalidJson);
  Add(7, R"({"id":7})");
  Add(8, R"({"id":8})", kNow - 2 * kWindow);
  Add(9, kSecondJson);
  ASSERT_TRUE(Route());
  EXPECT_THAT(Output(), ElementsAre(kFirstJson, kMissingJson, kFirstAgainJson, kInvalidJson,
                                    R"({"id":7})", R"({"id":8})", kSecondJson));
  EXPECT_EQ(tally_.read, 7U);
  EXPECT_EQ(tally_.unique, 2U);
  EXPECT_EQ(tally_.missing, 1U);
  EXPECT_EQ(tally_.duplicates, 1U);
  EXPECT_EQ(tally_.invalid, 1U);
  EXPECT_EQ(tally_.rejected, 1U);
  EXPECT_EQ(tally_.late, 1U);
}

// What is not judged advances stream time too, for what comes after it and not before.
TEST_F(RecordRouterTest, StreamTimeAdvancesInTheOrderOfTheRecords) {
  settings_.policies.late.kind = Policy::Kind::kDrop;
  Add(1, kFirstJson, kNow - 2 * kWindow);
  Add(2, kInvalidJson, kNow);
  Add(3, kSecondJson, kNow - 2 * kWindow);
  ASSERT_TRUE(Route());
  EXPECT_THAT(Output(), ElementsAre(kFirstJson, kInvalidJson));
  EXPECT_EQ(tally_.late, 1U);
}

// Each call may be a round trip.
TEST_F(RecordRouterTest, ARunIsJudgedAtOnceWhateverLiesBetween) {
  stage_ = std::make_unique<AskedStage>();
  Add(1, kFirstJson);
  Add(2, kMissingJson, kNow + 5);
  Add(3, kInvalidJson, kNow + 3);
  Add(4, kSecondJson);
  Add(5, kMissingJson, kNow + 9);
  ASSERT_TRUE(Route());
  EXPECT_THAT(static_cast<AskedStage&>(*stage_).asked, ElementsAre("judge 1 (5) 4", "observe 9"));
  EXPECT_EQ(tally_.missing, 2U);
  EXPECT_EQ(tally_.invalid, 1U);
}

// A claim of the refused record, left by the attempt that it ended, must not stop its copies.
TEST_F(RecordRouterTest, ARefusedRecordIsReleasedBeforeItsCopiesAreJudged) {
  stage_ = std::make_unique<AskedStage>();
  settings_.policies.rejected.kind = Policy::Kind::kPass;
  rejected_[{2, 2}] = "too large";
  rejected_[{2, 4}] = "too large";
  Add(1, kSecondJson);
  Add(2, kFirstJson, kNow + 7);
  Add(3, kFirstAgainJson);
  Add(4, kMissingJson);
  ASSERT_TRUE(Route());
  EXPECT_THAT(static_cast<AskedStage&>(*stage_).asked,
              ElementsAre("judge 1", "observe 7", "release 2", "judge 3", "observe 0"));
}

TEST_F(RecordRouterTest, ADuplicateThatIsMarkedNamesTheFirst) {
  settings_.policies.duplicate.kind = Policy::Kind::kMark;
  Add(5, kFirstJson);
  Add(9, kFirstAgainJson, kNow + 1);
  ASSERT_TRUE(Route());
  const auto output = Produced("orders-unique");
  ASSERT_EQ(output.size(), 2U);
  EXPECT_THAT(output[1].headers, ElementsAre(StoredHeader{"h", "1"}, StoredHeader{"empty", ""},
                                             StoredHeader{"null", std::nullopt},
                                             StoredHeader{"semel-duplicate-of", "orders/2/5"}));
  EXPECT_EQ(output[1].value, kFirstAgainJson);
  EXPECT_EQ(output[1].key, "k");
  EXPECT_EQ(output[1].time_ms, kNow + 1);
}

TEST_F(RecordRouterTest, MissingIsJudgedWhereThePolicySaysSo) {
  settings_.policies.missing.kind = Policy::Kind::kDedup;
  Add(1, kMissingJson);
  Add(2, kMissingJson);
  Add(3, kFirstJson);
  ASSERT_TRUE(Route());
  EXPECT_THAT(Output(), ElementsAre(kMissingJson, kFirstJson));
  EXPECT_EQ(tally_.duplicates, 1U);
  EXPECT_EQ(tally_.missing, 0U);
}

TEST_F(RecordRouterTest, WhatIsNotJudgedIsNotRemembered) {
  rejected_[{2, 1}] = "too large";
  settings_.policies.rejected.kind = Policy::Kind::kDrop;
  Add(1, kFirstJson);
  Add(2, kFirstAgainJson);
  ASSERT_TRUE(Route());
  EXPECT_THAT(Output(), ElementsAre(kFirstAgainJson));
  ASSERT_EQ(stage_->fresh().size(), 1U);
  EXPECT_EQ(stage_->fresh()[0].offset, 2);
}

TEST_F(RecordRouterTest, ARefusedRecordIsThatOneOnly) {
  rejected_[{2, 4}] = "too large";
  rejected_[{1, 3}] = "of another partition";
  settings_.policies.rejected.kind = Policy::Kind::kDrop;
  Add(3, kFirstJson);
  Add(4, kSecondJson);
  ASSERT_TRUE(Route());
  EXPECT_THAT(Output(), ElementsAre(kFirstJson));
  EXPECT_EQ(tally_.rejected, 1U);
}

TEST_F(RecordRouterTest, BinaryFramingIsToldOnce) {
  static const std::string framed = std::string("\0\0\0\0\7", 5) + kFirstJson;
  Add(1, kInvalidJson);
  ASSERT_TRUE(Route());
  EXPECT_EQ(log_.Count("Schema Registry"), 0U);
  run_.clear();
  Add(2, framed);
  Add(3, framed);
  ASSERT_TRUE(Route());
  ASSERT_TRUE(Route());
  EXPECT_EQ(log_.Count("Schema Registry"), 1U);
  EXPECT_EQ(log_.Count("partition=2 offset=2"), 1U);
}

TEST_F(RecordRouterTest, ARecordFromTheFutureCountsAsNow) {
  Add(1, kFirstJson, kNow + 365 * 24 * 3'600'000LL);
  ASSERT_TRUE(Route());
  EXPECT_EQ(stage_->stream_time_ms(), kNow);
}

TEST_F(RecordRouterTest, AnErrorOfTheProducerIsPassedOn) {
  kafka_.Fail(semel::testing::Call::kProduce, {Action::kFenced, "taken"}, 1);
  Add(1, kFirstJson);
  Add(2, kSecondJson);
  const auto routed = Route();
  ASSERT_FALSE(routed);
  EXPECT_EQ(routed.error().action, Action::kFenced);
}

// --- every policy for every kind --------------------------------------------------------------

enum class Kind : std::uint8_t { kDuplicate, kMissing, kInvalid, kLate, kRejected };

struct Expected {
  Kind kind;
  const char* name;
  const char* reason;
};

class RouterPolicyTest : public RecordRouterTest, public ::testing::WithParamInterface<Expected> {
 protected:
  /// Offset 1 is unique, offset 2 of the kind, offset 3 unique again.
  Result<void> RouteOne(Policy policy) {
    const auto [kind, name, reason] = GetParam();
    Policies& policies = settings_.policies;
    Add(1, kFirstJson);
    switch (kind) {
      case Kind::kDuplicate:
        policies.duplicate = policy;
        Add(2, kFirstJson);
        break;
      case Kind::kMissing:
        policies.missing = policy;
        Add(2, kMissingJson);
        break;
      case Kind::kInvalid:
        policies.invalid = policy;
        Add(2, kInvalidJson);
        break;
      case Kind::kLate:
        policies.late = policy;
        Add(2, R"({"id":9})", kNow - 2 * kWindow);
        break;
      case Kind::kRejected:
        policies.rejected = policy;
        rejected_[{2, 2}] = "too large";
        Add(2, R"({"id":9})");
        break;
    }
    value_ = std::string(*run_.back().value);
    Add(3, kSecondJson);
    return Route();
  }

  std::uint64_t Counted() const {
    switch (GetParam().kind) {
      case Kind::kDuplicate:
        return tally_.duplicates;
      case Kind::kMissing:
        return tally_.missing;
      case Kind::kInvalid:
        return tally_.invalid;
      case Kind::kLate:
        return tally_.late;
      case Kind::kRejected:
        return tally_.rejected;
    }
    return 0;
  }

  std::string value_;
};

TEST_P(RouterPolicyTest, Pass) {
  ASSERT_TRUE(RouteOne({Policy::Kind::kPass}));
  EXPECT_THAT(Output(), ElementsAre(kFirstJson, value_, kSecondJson));
  EXPECT_THAT(Produced("orders-unique")[1].headers.size(), headers_.size());
  EXPECT_EQ(Counted(), 1U);
}

TEST_P(RouterPolicyTest, Drop) {
  ASSERT_TRUE(RouteOne({Policy::Kind::kDrop}));
  EXPECT_THAT(Output(), ElementsAre(kFirstJson, kSecondJson));
  EXPECT_THAT(Produced("orders-refused", 0), IsEmpty());
  EXPECT_EQ(Counted(), 1U);
}

TEST_P(RouterPolicyTest, ToATopic) {
  ASSERT_TRUE(RouteOne({Policy::Kind::kTopic, 2}));
  EXPECT_THAT(Output(), ElementsAre(kFirstJson, kSecondJson));
  const auto elsewhere = Produced("orders-refused", 0);  // partition 2 of 1
  ASSERT_EQ(elsewhere.size(), 1U);
  EXPECT_EQ(elsewhere[0].key, "k");
  EXPECT_EQ(elsewhere[0].value, value_);
  EXPECT_EQ(elsewhere[0].time_ms, run_[1].timestamp_ms);
  EXPECT_THAT(elsewhere[0].headers,
              ElementsAre(StoredHeader{"h", "1"}, StoredHeader{"empty", ""},
                          StoredHeader{"null", std::nullopt},
                          StoredHeader{"semel-reason", GetParam().reason},
                          StoredHeader{"semel-topic", "orders"},
                          StoredHeader{"semel-partition", "2"}, StoredHeader{"semel-offset", "2"}));
  EXPECT_EQ(Counted(), 1U);
}

TEST_P(RouterPolicyTest, Fail) {
  const auto routed = RouteOne({Policy::Kind::kFail});
  ASSERT_FALSE(routed);
  EXPECT_EQ(routed.error().action, Action::kStop);
  EXPECT_THAT(routed.error().message, HasSubstr("topic orders partition 2 offset 2: "));
  EXPECT_THAT(routed.error().message, HasSubstr(GetParam().reason));
  EXPECT_THAT(Output(), ElementsAre(kFirstJson));
}

INSTANTIATE_TEST_SUITE_P(
    , RouterPolicyTest,
    ::testing::Values(
        Expected{Kind::kDuplicate, "Duplicate", "duplicate"},
        Expected{Kind::kMissing, "Missing", "missing: a part of the key rule is absent or null"},
        Expected{Kind::kInvalid, "Invalid", "invalid: not one valid JSON text, or ambiguous"},
        Expected{Kind::kLate, "Late", "late: older than the window before stream time"},
        Expected{Kind::kRejected, "Rejected", "rejected: too large"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace semel::pipeline
