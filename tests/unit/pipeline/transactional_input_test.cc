#include "pipeline/transactional_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lane_process.h"

namespace semel::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Taker final : public pipeline::InputTaker {
 public:
  void Committed(pipeline::Transaction& /*transaction*/) override {
    told.emplace_back("committed");
  }
  void RolledBack() override { told.emplace_back("rolled back"); }
  void Overtaken() override { told.emplace_back("overtaken"); }
  Result<void> Refused(const Error& why, std::size_t /*records*/,
                       std::pair<kafka::Partition, kafka::Offset> /*first*/) override {
    return why;
  }

  std::vector<std::string> told;
};

pipeline::LaneSettings Forgetful() {
  pipeline::LaneSettings settings = OrdersSettings();
  settings.remembers = false;
  return settings;
}

/// An input without a changelog: all that is read goes to the output.
class ForgetfulInputTest : public ::testing::Test {
 protected:
  explicit ForgetfulInputTest(pipeline::SeenSetOpener open_seen_set = {})
      : open_seen_set_(std::move(open_seen_set)) {
    auto restorer = pipeline::Restorer::Open({.client = kafka_,
                                              .settings = settings_,
                                              .budget = budget_,
                                              .queue = queue_,
                                              .clock = clock_,
                                              .log = log_});
    restorer_ = std::move(*restorer);
    EXPECT_TRUE(input_.Join());
  }

  void Put(kafka::Partition partition, int count) {
    for (int i = 0; i < count; ++i)
      broker_.Log("orders", partition).Append({.time_ms = clock_.WallMs(), .value = "x"});
  }

  /// Takes what comes in `turns` polls, without a commit.
  void Work(int turns = 10) {
    for (int i = 0; i < turns; ++i) {
      while (restorer_->Step()) continue;
      auto polled = input_.Poll(kafka::Milliseconds{0}, 1000);
      ASSERT_TRUE(polled) << polled.error().message;
      for (const Record& record : polled->batch->records()) Take(record);
      batches_.push_back(std::move(polled->batch));
      if (polled->rebalance) {
        const auto rebalanced = input_.Rebalanced(*polled->rebalance);
        ASSERT_TRUE(rebalanced) << rebalanced.error().message;
      }
    }
  }
  void Take(const Record& record) {
    const auto found = input_.partitions().served().find(record.partition);
    if (found == input_.partitions().served().end() || record.offset < found->second.next) return;
    auto work = input_.OpenWork(found->second);
    ASSERT_TRUE(work);
    EXPECT_TRUE(input_.producer().Produce(
        {.topic = pipeline::kOutputTopic, .partition = record.partition, .value = record.value}));
    found->second.next = (*work)->next = record.offset + 1;
    taken_.emplace_back(record.partition, record.offset);
  }

  const pipeline::SeenSetOpener open_seen_set_;
  ManualClock clock_;
  FakeBroker broker_;
  const pipeline::LaneSettings settings_ = Forgetful();
  ScriptedKafka kafka_{
      broker_, clock_, {"orders", {"orders-unique", "orders-changelog"}}, "semel.orders-a-0"};
  pipeline::MemoryBudget budget_{std::size_t{1} << 30U};
  pipeline::RestoreQueue queue_;
  KeptLog log_;
  metrics::LaneSnapshot counters_;
  Taker taker_;
  std::vector<std::unique_ptr<kafka::Batch>> batches_;  // outlive the producer
  std::unique_ptr<pipeline::Restorer> restorer_;
  pipeline::TransactionalInput input_{{kafka_, settings_, "semel.orders-a-0", budget_, queue_,
                                       clock_, log_, counters_, open_seen_set_},
                                      taker_};
  std::vector<std::pair<kafka::Partition, kafka::Offset>> taken_;
};

class NoStage final : public Stage {
 public:
  Result<void> Judge(std::span<const Sighting> /*sightings*/, std::span<const std::int64_t> /*ms*/,
                     std::span<Judgement> /*judgements*/) override {
    return {};
  }
  Result<void> Observe(std::int64_t /*time_ms*/) override { return {}; }
  std::span<const Sighting> fresh() const override { return {}; }
  std::int64_t stream_time_ms() const override { return 0; }
  void Confirm() override {}
};

/// Remembers by itself what it judges, whatever becomes of the transaction.
class DurableSet final : public SeenSet {
 public:
  std::unique_ptr<Stage> Begin() override { return std::make_unique<NoStage>(); }
  void Restore(std::span<const Sighting> /*entries*/, std::int64_t /*time_ms*/) override {}
  void ForgetFrom(std::int64_t /*offset*/, std::int64_t /*time_ms*/) override {}
  void Clear() override {}
  bool durable() const override { return true; }
  std::int64_t stream_time_ms() const override { return 0; }
  std::size_t size() const override { return 0; }
  std::size_t memory_bytes() const override { return 0; }
  std::int64_t oldest_ms() const override { return 0; }
  std::unique_ptr<EntryWalk> Walk() const override { return nullptr; }
};

class DurableInputTest : public ForgetfulInputTest {
 protected:
  DurableInputTest()
      : ForgetfulInputTest([](kafka::Partition) { return std::make_unique<DurableSet>(); }) {
    kafka_.before = [this](Call call) {
      if (call != Call::kStartFetching) return;
      EXPECT_TRUE(broker_.committed.contains(0)) << "it is read before its start is committed";
      EXPECT_FALSE(broker_.committed.contains(0) && broker_.Undecided(0));
    };
  }
};

TEST_F(DurableInputTest, ItsStartIsCommittedBeforeAnythingIsRead) {
  Put(0, 2);
  kafka_.Give({0});
  Work();
  EXPECT_EQ(broker_.committed.at(0).offset, 0);
  EXPECT_THAT(taken_, ElementsAre(std::pair(0, 0), std::pair(0, 1)));
}

TEST_F(DurableInputTest, AStartWhoseCommitFailsIsCommittedAgain) {
  Put(0, 1);
  kafka_.commit_fates = {CommitFate::kLost, CommitFate::kAppliedUnanswered};
  kafka_.Give({0});
  Work();
  EXPECT_EQ(broker_.committed.at(0).offset, 0);
  EXPECT_THAT(taken_, ElementsAre(std::pair(0, 0)));
}

TEST_F(DurableInputTest, APartitionThatGoesBeforeItWasReadIsLeftAlone) {
  Put(0, 1);
  kafka_.fault = [](Call call) {
    return call == Call::kSendOffsets ? std::optional<Error>({Action::kAbort, "no"}) : std::nullopt;
  };
  kafka_.Give({0});
  Work(4);
  kafka_.Revoke({0});
  Work(4);
  EXPECT_THAT(taken_, IsEmpty());
  kafka_.fault = nullptr;
  kafka_.Give({0});
  Work();
  EXPECT_THAT(taken_, ElementsAre(std::pair(0, 0)));
}

// Without metadata: a group that is given a changelog later must not take it for one of its own.
TEST_F(ForgetfulInputTest, CommitsOffsetsAlone) {
  Put(0, 2);
  kafka_.Give({0});
  Work();
  ASSERT_TRUE(input_.Finish());
  EXPECT_EQ(broker_.committed.at(0), (kafka::CommittedOffset{2, ""}));
  EXPECT_EQ(broker_.Log("orders-changelog", 0).high(), 0);
  EXPECT_THAT(taker_.told, ElementsAre("committed"));
}

TEST_F(ForgetfulInputTest, AStartIsCommittedThoughNothingWasRead) {
  kafka_.Give({0});
  Work();
  ASSERT_NE(input_.transaction(), nullptr);
  ASSERT_TRUE(input_.Finish());
  EXPECT_EQ(broker_.committed.at(0).offset, 0);
}

TEST_F(ForgetfulInputTest, APartitionThatComesBackGoesOnWhereOthersAre) {
  Put(0, 6);
  kafka_.poll_records_max = 2;
  kafka_.Give({0});
  Work(3);
  ASSERT_THAT(taken_, ::testing::Not(IsEmpty()));
  kafka_.Revoke({0});
  Work(2);
  broker_.committed[0] = {5, ""};
  taken_.clear();
  kafka_.Give({0});
  Work();
  EXPECT_THAT(taken_, ElementsAre(std::pair(0, 5)));
}

TEST_F(ForgetfulInputTest, APartitionThatWasAddedIsReadToo) {
  Put(2, 1);
  kafka_.Give({2});
  Work();
  EXPECT_THAT(taken_, ElementsAre(std::pair(2, 0)));
}

// Whoever holds records of the transaction must know that nobody can tell what became of it.
TEST_F(ForgetfulInputTest, ATransactionWhoseOffsetsSomebodyMovedIsTold) {
  Put(0, 3);
  kafka_.commit_fates = {CommitFate::kLost};
  kafka_.Give({0});
  Work();
  kafka_.before = [&](Call call) {
    if (call == Call::kCommitted) broker_.committed[0] = {2, ""};
  };
  taken_.clear();
  ASSERT_TRUE(input_.Finish());
  EXPECT_THAT(taker_.told, ElementsAre("overtaken"));
  Work();
  EXPECT_THAT(taken_, ElementsAre(std::pair(0, 2)));
}

TEST_F(ForgetfulInputTest, LeavingTakesItsTimeAndNoMoreThoughTheBrokersAreAway) {
  Put(0, 3);
  kafka_.Give({0});
  Work();
  ASSERT_NE(input_.transaction(), nullptr);
  kafka_.fault = [](Call call) -> std::optional<Error> {
    if (call == Call::kInit) return Error{Action::kRetry, "no answer"};
    return std::nullopt;
  };
  const auto start = clock_.Now();
  input_.Leave(kafka::Milliseconds{3000});
  EXPECT_LE(clock_.Now() - start, std::chrono::milliseconds{3500});
  EXPECT_EQ(kafka_.CountTrace("leave"), 1U);
}

TEST_F(ForgetfulInputTest, LeavingEndsWhatIsOpen) {
  Put(0, 3);
  kafka_.Give({0});
  Work();
  const std::size_t before = kafka_.CountTrace("init");
  input_.Leave(kafka::Milliseconds{3000});
  EXPECT_EQ(kafka_.CountTrace("init"), before + 1) << "it aborts what the producer left";
}

}  // namespace
}  // namespace semel::testing
