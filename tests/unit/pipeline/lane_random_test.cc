// Processes that come, go, are killed and paused, on brokers that fail in any call, in an order
// that a seed decides. What must hold at the end is the whole promise.
#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <random>
#include <set>

#include "lane_test.h"

namespace semel::testing {
namespace {

constexpr int kPartitions = 3;
constexpr int kRecords = 2000;
constexpr int kDifferentEvents = 400;

class LaneRandomTest : public LaneTest, public ::testing::WithParamInterface<std::uint64_t> {
 protected:
  bool Chance(double probability) { return std::bernoulli_distribution(probability)(random_); }
  int Pick(int from, int to) { return std::uniform_int_distribution<int>(from, to)(random_); }

  void PutSome() {
    const kafka::Partition partition = Pick(0, kPartitions - 1);
    if (Chance(0.1)) PutAborted(partition, "x");
    for (int i = Pick(1, 8); i > 0 && put_ < kRecords; --i, ++put_) {
      std::string word = Chance(0.01) ? "refused-" : "event-";
      word += std::to_string(word == "event-" ? Pick(1, kDifferentEvents) : put_);
      Put(partition, word);
    }
  }

  std::vector<kafka::Partition> Some(const std::set<kafka::Partition>& from) {
    std::vector<kafka::Partition> some;
    std::sample(from.begin(), from.end(), std::back_inserter(some), Pick(1, kPartitions), random_);
    return some;
  }

  /// What the group does to a member.
  void RebalanceSometimes(ScriptedKafka& kafka) {
    if (!kafka.rebalances.empty() || kafka.expelled) return;
    std::set<kafka::Partition> others{0, 1, 2};
    for (const kafka::Partition partition : kafka.owned) others.erase(partition);
    if (!others.empty() && Chance(0.1)) return kafka.Give(Some(others));
    if (kafka.owned.empty()) return;
    if (Chance(0.02)) return kafka.Revoke(Some(kafka.owned));
    if (Chance(0.01)) return kafka.Expel(0);
    if (Chance(0.01)) kafka.Redeliver(*kafka.owned.begin(), Pick(0, 20));
  }

  std::optional<Error> FailSometimes(ScriptedKafka& kafka, Call call) {
    const Action abort = Chance(0.2) ? Action::kFenced : Action::kAbort;
    const Error error{abort, "a fault"};
    const Error again{Action::kRetry, "a fault that passes"};
    switch (call) {
      case Call::kProduce:
        return Chance(0.002) ? std::optional(error) : std::nullopt;
      case Call::kBegin:
      case Call::kFlush:
      case Call::kSendOffsets:
        return Chance(0.02) ? std::optional(error) : std::nullopt;
      case Call::kCommit:
        if (Chance(0.1)) kafka.commit_fates = {static_cast<CommitFate>(Pick(1, 4))};
        return std::nullopt;
      case Call::kInit:
      case Call::kCommitted:
      case Call::kMarks:
      case Call::kRead:
      case Call::kPeek:
      case Call::kAbortTransactionOf:
        return Chance(0.05) ? std::optional(again) : std::nullopt;
      default:
        return std::nullopt;
    }
  }

  /// What happens to a process at any call.
  void StrikeSometimes(LaneProcess& process, Call call, int depth) {
    if (Chance(0.0005)) throw Killed();
    if (Chance(0.0005)) broker_.Init(process.kafka.transactional_id);  // timed out, or taken
    if (depth == 0 && Chance(0.001)) {
      process.kafka.Expel(Pick(0, 5));
      RunProcess(depth + 1);
    }
    if (call == Call::kPoll) {
      if (put_ < kRecords && Chance(0.5)) PutSome();
      RebalanceSometimes(process.kafka);
      if (--polls_left_[static_cast<std::size_t>(depth)] < 0) process.Stop();
    }
  }

  std::string SomeId(int depth) {
    std::string id = "semel.orders-" + std::to_string(depth);
    if (Chance(0.3)) id.append("-").append(std::to_string(Pick(1, 1'000'000)));
    ids_.insert(id);
    return id;
  }

  void TearDown() override { std::filesystem::remove_all(folder_); }

  /// Every second seed keeps snapshots, in a directory for each depth.
  pipeline::LaneSettings Settings(int depth) const {
    pipeline::LaneSettings settings = OrdersSettings(kPartitions);
    if (GetParam() % 2 == 0) return settings;
    settings.snapshot_dir = folder_ + "/" + std::to_string(depth);
    settings.snapshot_unsaved_min = 10;
    std::filesystem::create_directories(settings.snapshot_dir);
    return settings;
  }

  void RunProcess(int depth) {
    LaneProcess process(broker_, clock_, Settings(depth), SomeId(depth));
    ScriptedKafka& kafka = process.kafka;
    process.settled_after = std::numeric_limits<int>::max();
    polls_left_[static_cast<std::size_t>(depth)] = Pick(5, depth == 0 ? 600 : 100);
    kafka.poll_records_max = static_cast<std::size_t>(Pick(1, 30));
    kafka.slice_records_max = static_cast<std::size_t>(Pick(1, 10));
    kafka.refuses = [](const std::string& topic, const StoredRecord& record) {
      return topic == "orders-unique" && record.value->starts_with("refused");
    };
    kafka.before = [&, depth](Call call) { StrikeSometimes(process, call, depth); };
    kafka.fault = [&](Call call) { return FailSometimes(kafka, call); };
    try {
      const auto ended = process.Run();
      EXPECT_TRUE(ended || IsAllowed(ended.error())) << ended.error().message;
    } catch (const Killed&) {
      broker_.Rebalance();
    }
  }

  static bool IsAllowed(const Error& error) {
    return error.message.find("fenced more than 5 times") != std::string::npos;
  }

  /// Without faults, and after the brokers ended every transaction that was left open.
  void ComeToRest() {
    for (const std::string& id : ids_) broker_.Init(id);
    LaneProcess process(broker_, clock_, OrdersSettings(kPartitions), "semel.orders-last");
    process.kafka.refuses = [](const std::string& topic, const StoredRecord& record) {
      return topic == "orders-unique" && record.value->starts_with("refused");
    };
    process.kafka.Give({0, 1, 2});
    ExpectSuccess(process.Run());
  }

  void ExpectEveryRefusedRecordElsewhere() {
    std::vector<std::string> expected;
    for (kafka::Partition partition = 0; partition < kPartitions; ++partition) {
      for (const std::string& value : Input(partition).Values()) {
        if (value.starts_with("refused")) expected.push_back(value);
      }
    }
    EXPECT_THAT(broker_.Log("orders-refused", 0).Values(),
                ::testing::UnorderedElementsAreArray(expected));
  }

  const std::string folder_ =
      ::testing::TempDir() + "semel_lane_random_" + std::to_string(GetParam());
  std::mt19937_64 random_{GetParam()};
  int put_ = 0;
  std::array<int, 2> polls_left_{};
  std::set<std::string> ids_;
};

TEST_P(LaneRandomTest, EveryEventOnceInOrderAndNothingLost) {
  while (put_ < kRecords && !HasFailure()) RunProcess(0);
  ComeToRest();
  for (kafka::Partition partition = 0; partition < kPartitions; ++partition)
    ExpectExactlyOnce(partition);
  ExpectEveryRefusedRecordElsewhere();
}

INSTANTIATE_TEST_SUITE_P(, LaneRandomTest, ::testing::Range(std::uint64_t{1}, std::uint64_t{21}));

}  // namespace
}  // namespace semel::testing
