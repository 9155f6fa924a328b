// What the tests of the lane share: a broker, a process on it, and the question that they all end
// with: is every event in the output exactly once, in order, and does everything agree?
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "lane_process.h"
#include "seen_set/changelog.h"

namespace semel::testing {

/// Words of a text, as event values.
std::vector<std::string> Words(const std::string& text);

class LaneTest : public ::testing::Test {
 protected:
  /// Appends one committed record for each word.
  void Put(kafka::Partition partition, const std::string& words);
  /// Appends records of a transaction that was aborted, and its marker.
  void PutAborted(kafka::Partition partition, const std::string& words);

  FakeLog& Input(kafka::Partition partition) { return broker_.Log("orders", partition); }
  std::vector<std::string> Output(kafka::Partition partition) {
    return broker_.Log("orders-unique", partition).Values();
  }
  std::vector<ChangelogRecord> Changelog(kafka::Partition partition);

  /// The whole input of the partition was taken: output = first occurrences in order, without
  /// values that begin with "refused"; the changelog tells the same, and the group's offset is its
  /// end and the input's.
  void ExpectExactlyOnce(kafka::Partition partition);
  /// The same for what was taken so far.
  void ExpectExactlyOnceSoFar(kafka::Partition partition);

  static void ExpectSuccess(const Result<void>& result) {
    EXPECT_TRUE(result) << ToString(result.error().action) << ": " << result.error().message;
  }
  static void ExpectError(const Result<void>& result, Action action, const std::string& text) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().action, action);
    EXPECT_THAT(result.error().message, ::testing::HasSubstr(text));
  }

  ManualClock clock_;
  FakeBroker broker_;
  LaneProcess process_{broker_, clock_, OrdersSettings(), "semel.orders-a-0"};
  ScriptedKafka& kafka_ = process_.kafka;

 private:
  void ExpectChangelogAgrees(kafka::Partition partition, const std::vector<kafka::Offset>& firsts);
};

}  // namespace semel::testing
