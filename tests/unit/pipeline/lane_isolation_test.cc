// A record that the brokers refuse: it is found by halving, and only it goes elsewhere.
#include "lane_test.h"

namespace semel::testing {
namespace {

using ::testing::ElementsAre;

bool RefusedByOutput(const std::string& topic, const StoredRecord& record) {
  return topic == "orders-unique" && record.value->starts_with("refused");
}

class LaneIsolationTest : public LaneTest, public ::testing::WithParamInterface<bool> {
 protected:
  LaneIsolationTest() { kafka_.refuses = RefusedByOutput; }
  std::vector<std::string> Refused() { return broker_.Log("orders-refused", 0).Values(); }
};

/// Told by Flush, as a broker does, or by Produce already, as for a record too large for any.
class LaneRefusedAtTest : public LaneIsolationTest {
 protected:
  LaneRefusedAtTest() { kafka_.refuses_at_produce = GetParam(); }
};

TEST_P(LaneRefusedAtTest, TheRefusedRecordAloneGoesElsewhere) {
  Put(0, "a b c refused d e a f g h i");
  Put(1, "x y z");
  kafka_.Give({0, 1});
  ExpectSuccess(process_.Run());
  EXPECT_THAT(Refused(), ElementsAre("refused"));
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
  EXPECT_EQ(process_.Counters().partitions.at(0).rejected, 1U);
}

TEST_P(LaneRefusedAtTest, SeveralOfThemInSeveralPartitions) {
  Put(0, "refused-1 a refused-2 b c refused-3");
  Put(1, "x refused-4 refused-4 x y");
  kafka_.Give({0, 1});
  ExpectSuccess(process_.Run());
  // Nothing is remembered of what never came out: its second copy is tried, and refused, too.
  EXPECT_THAT(Refused(), ::testing::UnorderedElementsAre("refused-1", "refused-2", "refused-3",
                                                         "refused-4", "refused-4"));
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

INSTANTIATE_TEST_SUITE_P(, LaneRefusedAtTest, ::testing::Bool(),
                         [](const auto& test) { return test.param ? "ByProduce" : "ByFlush"; });

TEST_F(LaneIsolationTest, ItsHeadersSayWhyAndWhereFrom) {
  Put(1, "x refused");
  kafka_.Give({1});
  ExpectSuccess(process_.Run());
  const auto refused = broker_.Log("orders-refused", 0).ReadCommitted();
  ASSERT_EQ(refused.size(), 1U);
  EXPECT_THAT(
      refused[0].second->headers,
      ElementsAre(StoredHeader{"semel-reason", "rejected: a record of the batch is refused"},
                  StoredHeader{"semel-topic", "orders"}, StoredHeader{"semel-partition", "1"},
                  StoredHeader{"semel-offset", "1"}));
}

TEST_F(LaneIsolationTest, AfterItTransactionsGrowAgain) {
  Put(0, "refused");
  kafka_.Give({0});
  process_.Then([&] {
    for (int i = 0; i < 40'000; ++i) Put(0, std::to_string(i));
  });
  ExpectSuccess(process_.Run());
  ExpectExactlyOnce(0);
  EXPECT_LT(process_.Counters().transactions_committed, 40U);
}

TEST_F(LaneIsolationTest, ARecordThatIsRefusedEverywhereStopsTheLane) {
  kafka_.refuses = [](const std::string& topic, const StoredRecord& record) {
    return topic != "orders-changelog" && record.value->starts_with("refused");
  };
  Put(0, "a refused b");
  kafka_.Give({0});
  ExpectError(process_.Run(), Action::kStop, "partition 0 offset 1 is refused by the topic");
  ExpectExactlyOnceSoFar(0);
  EXPECT_THAT(Output(0), ElementsAre("a"));
}

TEST_F(LaneIsolationTest, AChangelogThatRefusesStopsTheLane) {
  kafka_.refuses = [](const std::string& topic, const StoredRecord&) {
    return topic == "orders-changelog";
  };
  Put(0, "a b");
  kafka_.Give({0});
  const auto ended = process_.Run();
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().action, Action::kStop) << ended.error().message;
  EXPECT_TRUE(Output(0).empty());
}

TEST_F(LaneIsolationTest, ThePolicyFailStopsAtTheRecord) {
  pipeline::LaneSettings settings = OrdersSettings();
  settings.policies.rejected = {pipeline::Policy::Kind::kFail};
  LaneProcess process(broker_, clock_, settings, "semel.orders-a-0");
  process.kafka.refuses = RefusedByOutput;
  Put(0, "a b refused c");
  process.kafka.Give({0});
  ExpectError(process.Run(), Action::kStop, "partition 0 offset 2: rejected");
  ExpectExactlyOnceSoFar(0);
  EXPECT_THAT(Output(0), ElementsAre("a", "b"));
}

TEST_F(LaneIsolationTest, GivenAwayInTheMiddleOfIt) {
  Put(0, "a b refused c d");
  Put(1, "x y");
  kafka_.Give({0, 1});
  bool once = true;
  kafka_.before = [&](Call call) {
    if (call == Call::kPoll && Output(0).size() == 2 && std::exchange(once, false)) {
      kafka_.Lose({0});
      kafka_.Give({0});
    }
  };
  ExpectSuccess(process_.Run());
  EXPECT_FALSE(once);
  EXPECT_THAT(Refused(), ElementsAre("refused"));
  ExpectExactlyOnce(0);
  ExpectExactlyOnce(1);
}

}  // namespace
}  // namespace semel::testing
