// A group whose offset was moved back to deliver again, and what its changelog says about it.
#include "lane_test.h"

namespace semel::testing {
namespace {

using ::testing::ElementsAre;

class LaneReplayTest : public LaneTest {
 protected:
  void Work(pipeline::OnReset on_reset) {
    pipeline::LaneSettings settings = OrdersSettings();
    settings.on_reset = on_reset;
    LaneProcess process(broker_, clock_, settings, "semel.orders-a-0");
    process.kafka.Give({0});
    process.settled_after = 100;  // an offset that lies behind is asked for again for 5 s
    ExpectSuccess(process.Run());
  }
};

TEST_F(LaneReplayTest, WhoComesNextMakesSenseOfTheChangelog) {
  Put(0, "a b c");
  Work(pipeline::OnReset::kStop);
  broker_.committed.at(0) = {1, ""};
  Work(pipeline::OnReset::kReplay);
  EXPECT_THAT(Output(0), ElementsAre("a", "b", "c", "b", "c"));
  Put(0, "c d");
  Work(pipeline::OnReset::kStop);
  EXPECT_THAT(Output(0), ElementsAre("a", "b", "c", "b", "c", "d"));
}

}  // namespace
}  // namespace semel::testing
