// Topics and places that a consumer reads.
#include "consumer_test.h"

namespace semel {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;

TEST_F(ConsumerTest, SeveralTopicsAtOnce) {
  cluster_.CreateTopic("u", 1);
  cluster_.Produce("u", 0, "of u", 1000);
  Produce(0, 2, 0);
  Produce(2, 3, 1);
  Consumer consumer = Open(Options());
  ASSERT_TRUE(consumer.Subscribe({"t", "u"}));
  EXPECT_THAT(Read(consumer, 4), UnorderedElementsAre("0", "1", "2", "of u"));
  EXPECT_THAT(consumer.Assignment(), ElementsAre(kFirst, kSecond, TopicPartition{"u", 0}));
}

TEST_F(ConsumerTest, ASubscriptionReplacesAnEarlierOne) {
  cluster_.CreateTopic("u", 1);
  cluster_.Produce("u", 0, "of u", 1000);
  Produce(0, 1);
  Consumer consumer = Open(ShortSession());
  ASSERT_TRUE(consumer.Subscribe({"t"}));
  EXPECT_EQ(Read(consumer, 1), Values(0, 1));
  ASSERT_TRUE(consumer.Subscribe({"u"}));
  EXPECT_THAT(Read(consumer, 1), ElementsAre("of u"));
  EXPECT_THAT(consumer.Assignment(), ElementsAre(TopicPartition{"u", 0}));
}

TEST_F(ConsumerTest, SeekGoesBackToWhatIsCommitted) {
  Produce(0, 10);
  ConsumerOptions options = Options();
  options.start = Place::Offset(4);
  Consumer consumer = OpenAt(Place::Beginning(), std::move(options));
  EXPECT_EQ(Read(consumer, 8), Values(0, 8));
  ASSERT_TRUE(consumer.Seek({{kFirst, Place::Committed()}}, kSoon));
  EXPECT_EQ(Read(consumer, 2), Values(4, 6));  // nothing is: where the group would begin
  ASSERT_TRUE(consumer.Commit({{kFirst, 7}}, kSoon));
  ASSERT_TRUE(consumer.Seek({{kFirst, Place::Committed()}}, kSoon));
  EXPECT_EQ(consumer.Positions(), (Offsets{{kFirst, 7}}));
  EXPECT_EQ(Read(consumer, 3), Values(7, 10));
}

// Mock brokers know of no times, and say of each that nothing is as new.
TEST_F(ConsumerTest, ATimeAfterTheNewestMessageIsTheEnd) {
  Produce(0, 5);
  Consumer consumer = OpenAt(Place::Beginning(), Options(""));
  EXPECT_EQ(Read(consumer, 2), Values(0, 2));
  ASSERT_TRUE(consumer.Seek({{kFirst, Place::Time(4'000'000'000'000)}}, kSoon));
  EXPECT_EQ(consumer.Positions(), (Offsets{{kFirst, 5}}));
}

TEST_F(ConsumerTest, TheLastOnes) {
  Produce(0, 10, 0);
  Produce(20, 21, 1);
  Consumer consumer = Open(Options(""));
  ASSERT_TRUE(consumer.Assign({{kFirst, Place::Last(3)}, {kSecond, Place::Last(3)}}, kSoon));
  EXPECT_THAT(Read(consumer, 4), UnorderedElementsAre("7", "8", "9", "20"));
  ASSERT_TRUE(consumer.Seek({{kFirst, Place::Last(1)}, {kSecond, Place::Last(0)}}, kSoon));
  EXPECT_EQ(Read(consumer, 1), Values(9, 10));
  EXPECT_EQ(consumer.Positions(), (Offsets{{kFirst, 10}, {kSecond, 1}}));
  EXPECT_EQ(consumer.Seek({{kFirst, Place::Last(-1)}}, kSoon).error().action, Action::kFix);
}

TEST_F(ConsumerTest, CanBeMoved) {
  Produce(0, 5);
  Consumer consumer = Open(Options());
  ASSERT_TRUE(consumer.Subscribe({"t"}));
  EXPECT_EQ(Read(consumer, 2), Values(0, 2));
  consumer = OpenAt(Place::Offset(3), Options(""));  // the member of the group is closed by that
  EXPECT_EQ(Read(consumer, 2), Values(3, 5));
  Consumer other = std::move(consumer);
  EXPECT_EQ(other.Positions(), (Offsets{{kFirst, 5}}));
}

}  // namespace
}  // namespace semel
