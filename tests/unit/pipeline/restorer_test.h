// What the tests of the restorer share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "lane_process.h"
#include "pipeline/commit_metadata.h"
#include "pipeline/restorer.h"
#include "seen_set/changelog.h"

namespace semel::pipeline {

using semel::testing::Call;
using semel::testing::ProducerEpoch;

/// A group that has worked on "orders" before, as owner "semel.orders-b-0".
class RestorerTest : public ::testing::Test {
 protected:
  RestorerTest() : settings_(semel::testing::OrdersSettings()) {
    const auto fingerprinter = Fingerprinter::Open(settings_.key);
    rule_ = {.rule_hash = fingerprinter->RuleHash(),
             .window_ms = settings_.window.count(),
             .bits = settings_.key.bits};
    for (kafka::Partition partition : {0, 1}) {
      for (int i = 0; i < 100; ++i)
        broker_.Log("orders", partition).Append({.time_ms = clock_.WallMs(), .value = "x"});
    }
  }

  /// Writes the changelog record of [begin, end) and sends its offset; the transaction stays open.
  ProducerEpoch Write(kafka::Partition partition, kafka::Offset begin, kafka::Offset end,
                      const std::string& owner = "semel.orders-b-0", bool offsets = true) {
    ChangelogRecord record{.rule = rule_,
                           .transactional_id = owner,
                           .partition = partition,
                           .begin = begin,
                           .end = end,
                           .stream_time_ms = clock_.WallMs(),
                           .previous_append_ms = begin == 0 ? 0 : clock_.WallMs()};
    std::vector<Sighting> entries;
    for (kafka::Offset offset = begin; offset < end; ++offset) {
      Fingerprint fingerprint;
      fingerprint.bytes[0] = static_cast<std::uint8_t>(offset);
      entries.push_back({fingerprint, clock_.WallMs(), offset});
    }
    std::vector<std::string> packed;
    PackChangelog(record, entries, packed);
    const ProducerEpoch producer = broker_.Init(owner);
    broker_.Begin(producer);
    const auto at = broker_.Append(producer, "orders-changelog", partition,
                                   {.time_ms = clock_.WallMs(), .value = packed.front()});
    if (offsets) {
      broker_.AddOffsets(producer, {{partition,
                                     {end, FormatCommitMetadata({.changelog_offset = at,
                                                                 .append_ms = clock_.WallMs(),
                                                                 .input_partitions = 2})}}});
    }
    return producer;
  }
  void Commit(kafka::Partition partition, kafka::Offset begin, kafka::Offset end) {
    broker_.End(Write(partition, begin, end), true);
  }

  void Submit(kafka::Partition partition, std::unique_ptr<PartitionState> state = nullptr) {
    if (!restorer_) {
      auto opened = Restorer::Open({.client = kafka_,
                                    .settings = settings_,
                                    .budget = budget_,
                                    .queue = queue_,
                                    .clock = clock_,
                                    .log = log_});
      restorer_ = std::move(*opened);
    }
    if (!state) {
      state = std::make_unique<PartitionState>(
          partition, OpenMemorySeenSet({.window = settings_.window}), budget_);
    }
    queue_.Submit({1, std::move(state)});
  }

  /// Steps until `count` partitions came back, or in vain.
  std::vector<RestoreResult> Finish(std::size_t count = 1) {
    std::vector<RestoreResult> results;
    for (int i = 0; i < 5000 && results.size() < count; ++i) {
      restorer_->Step();
      for (RestoreResult& result : queue_.Collect()) results.push_back(std::move(result));
    }
    EXPECT_EQ(results.size(), count);
    return results;
  }
  std::unique_ptr<PartitionState> Restore(kafka::Partition partition) {
    Submit(partition);
    auto results = Finish();
    if (results.empty()) return nullptr;
    EXPECT_FALSE(results[0].error) << results[0].error->message;
    return std::move(results[0].state);
  }
  void ExpectError(kafka::Partition partition, Action action, const std::string& text) {
    Submit(partition);
    const auto results = Finish();
    ASSERT_EQ(results.size(), 1U);
    ASSERT_TRUE(results[0].error);
    EXPECT_EQ(results[0].error->action, action);
    EXPECT_THAT(results[0].error->message, ::testing::HasSubstr(text));
  }
  static std::set<kafka::Offset> Offsets(const PartitionState& state) {
    std::set<kafka::Offset> offsets;
    std::vector<Sighting> piece;
    for (const auto walk = state.seen->Walk(); walk->Next(1000, piece);)
      for (const Sighting& s : piece) offsets.insert(s.offset);
    return offsets;
  }
  bool NothingComesBack(int steps) {
    for (int i = 0; i < steps; ++i) restorer_->Step();
    return queue_.Collect().empty();
  }

  semel::testing::ManualClock clock_;
  semel::testing::FakeBroker broker_;
  LaneSettings settings_;
  RuleIdentity rule_;
  semel::testing::ScriptedKafka kafka_{
      broker_, clock_, {"orders", {"orders-unique", "orders-changelog"}}, "semel.orders-a-0"};
  MemoryBudget budget_{std::size_t{1} << 30U};
  RestoreQueue queue_;
  semel::testing::KeptLog log_;
  std::unique_ptr<Restorer> restorer_;
};

}  // namespace semel::pipeline
