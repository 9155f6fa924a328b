#include "consumer_test.h"

#include <thread>

namespace semel {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(ConsumerTest, HandsOutInOrder) {
  Produce(0, 50);
  Consumer consumer = OpenAt(Place::Beginning(), Options(""));
  EXPECT_EQ(Read(consumer, 50), Values(0, 50));
  EXPECT_TRUE(consumer.Close(kSoon));
  EXPECT_EQ(consumer.Poll(milliseconds{0}).error().action, Action::kFail);
}

TEST_F(ConsumerTest, AMessageOutlivesItsConsumer) {
  for (int i = 0; i < 3; ++i) cluster_.Produce("t", 0, std::to_string(i), 1000 + i);
  std::vector<Message> kept;
  {
    Consumer consumer = OpenAt(Place::Offset(1), Options(""));
    while (kept.empty()) kept = *consumer.PollBatch(1, milliseconds{100});
  }
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept[0].topic, "t");
  EXPECT_EQ(kept[0].offset, 1);
  EXPECT_EQ(kept[0].timestamp_ms, 1001);
  EXPECT_EQ(kept[0].key, std::nullopt);
  EXPECT_EQ(*kept[0].value, "1");
}

TEST_F(ConsumerTest, TheFunctionForTheLogEndsWithItsConsumer) {
  cluster_.Produce("t", 0, "0", 1000);
  const auto owned = std::make_shared<int>(0);
  std::vector<Message> kept;  // its memory keeps a client of librdkafka, which goes on logging
  {
    ConsumerOptions options = Options("");
    options.log = [owned](LogLevel, std::string_view) { ++*owned; };
    Consumer consumer = OpenAt(Place::Beginning(), std::move(options));
    while (kept.empty()) kept = *consumer.PollBatch(1, milliseconds{100});
    EXPECT_GT(owned.use_count(), 1);
  }
  EXPECT_EQ(owned.use_count(), 1);
}

TEST_F(ConsumerTest, ThePositionFollowsWhatWasHandedOut) {
  Produce(0, 20);
  Consumer consumer = OpenAt(Place::Beginning(), Options());
  EXPECT_THAT(consumer.Positions(), IsEmpty());  // the beginning is not known as a number yet
  EXPECT_EQ(Read(consumer, 3), Values(0, 3));
  EXPECT_EQ(consumer.Positions(), (Offsets{{kFirst, 3}}));
  EXPECT_TRUE(consumer.Commit(consumer.Positions(), kSoon));
  EXPECT_EQ(*consumer.Committed(kSoon), (Offsets{{kFirst, 3}}));
  EXPECT_EQ(*consumer.Lag(kSoon), (Offsets{{kFirst, 17}}));
  EXPECT_TRUE(consumer.Close(kSoon));

  Consumer next = OpenAt(Place::Committed(), Options());
  EXPECT_EQ(Read(next, 17), Values(3, 20));
}

TEST_F(ConsumerTest, ReadingIsNotCommitting) {
  Produce(0, 5);
  {
    Consumer consumer = Open(ShortSession());
    ASSERT_TRUE(consumer.Subscribe({"t"}));
    EXPECT_EQ(Read(consumer, 5), Values(0, 5));
    EXPECT_TRUE(consumer.Close(kSoon));
  }
  Consumer next = Open(ShortSession());
  ASSERT_TRUE(next.Subscribe({"t"}));
  EXPECT_EQ(Read(next, 5), Values(0, 5));
}

TEST_F(ConsumerTest, SeekGoesAnywhere) {
  Produce(0, 30);
  Consumer consumer = OpenAt(Place::Beginning(), Options(""));
  EXPECT_EQ(Read(consumer, 5), Values(0, 5));
  ASSERT_TRUE(consumer.Seek({{kFirst, Place::Offset(20)}}, kSoon));
  EXPECT_EQ(consumer.Positions(), (Offsets{{kFirst, 20}}));
  EXPECT_EQ(Read(consumer, 3), Values(20, 23));
  ASSERT_TRUE(consumer.Seek({{kFirst, Place::Offset(7)}}, kSoon));
  EXPECT_EQ(Read(consumer, 23), Values(7, 30));
  ASSERT_TRUE(consumer.Seek({{kFirst, Place::Beginning()}}, kSoon));
  EXPECT_EQ(Read(consumer, 2), Values(0, 2));
  ASSERT_TRUE(consumer.Seek({{kFirst, Place::End()}}, kSoon));
  Produce(30, 32);
  EXPECT_EQ(Read(consumer, 2), Values(30, 32));
  EXPECT_EQ(consumer.Seek({{kSecond, Place::End()}}, kSoon).error().message,
            "t [1] is not ours, or not any more");
}

TEST_F(ConsumerTest, TheEndIsReachedWhenAllBeforeItWasHandedOut) {
  Produce(0, 3);
  Consumer consumer = OpenAt(Place::Beginning(), Options(""));
  std::size_t seen = 0;
  while (!consumer.AtEnd()) {
    const auto message = consumer.Poll(milliseconds{100});
    ASSERT_TRUE(message);
    if (*message) ++seen;
  }
  EXPECT_EQ(seen, 3U);
  ASSERT_TRUE(consumer.Seek({{kFirst, Place::Beginning()}}, kSoon));
  EXPECT_FALSE(consumer.AtEnd());
}

TEST_F(ConsumerTest, APausedPartitionWaitsAndLosesNothing) {
  Produce(0, 20, 0);
  Produce(100, 103, 1);
  Consumer consumer = Open(Options(""));
  ASSERT_TRUE(consumer.Assign({{kFirst, Place::Offset(0)}}, kSoon));
  EXPECT_EQ(Read(consumer, 4), Values(0, 4));
  ASSERT_TRUE(consumer.Pause({kFirst}));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(*consumer.Poll(milliseconds{50}), std::nullopt);
  EXPECT_EQ(consumer.Positions(), (Offsets{{kFirst, 4}}));
  ASSERT_TRUE(consumer.Resume({kFirst}));
  EXPECT_EQ(Read(consumer, 6), Values(4, 10));
  ASSERT_TRUE(consumer.Pause({kFirst}));
  ASSERT_TRUE(consumer.Seek({{kFirst, Place::Offset(15)}}, kSoon));
  EXPECT_EQ(*consumer.Poll(milliseconds{50}), std::nullopt);
  ASSERT_TRUE(consumer.Resume({kFirst}));
  EXPECT_EQ(Read(consumer, 5), Values(15, 20));
}

TEST_F(ConsumerTest, APartitionThatIsAssignedAgainIsNotPaused) {
  Produce(0, 5, 0);
  Produce(5, 6, 1);
  Consumer consumer = OpenAt(Place::Beginning(), Options(""));
  EXPECT_EQ(Read(consumer, 2), Values(0, 2));
  ASSERT_TRUE(consumer.Pause({kFirst}));
  ASSERT_TRUE(consumer.Assign({{kFirst, Place::Offset(1)}}, kSoon));
  EXPECT_EQ(Read(consumer, 4), Values(1, 5));
  ASSERT_TRUE(consumer.Pause({kFirst}));
  ASSERT_TRUE(consumer.Assign({{kSecond, Place::Beginning()}}, kSoon));
  EXPECT_EQ(Read(consumer, 1), Values(5, 6));
  ASSERT_TRUE(consumer.Assign({{kFirst, Place::Offset(3)}}, kSoon));
  EXPECT_EQ(Read(consumer, 2), Values(3, 5));
}

TEST_F(ConsumerTest, APartitionThatWentAwayPausedIsNotPausedWhenItComesBack) {
  Produce(0, 3, 0);
  Produce(0, 3, 1);
  Consumer first = Open(ShortSession());
  ASSERT_TRUE(first.Subscribe({"t"}));
  EXPECT_EQ(Read(first, 6).size(), 6U);
  ASSERT_TRUE(first.Pause(first.Assignment()));
  Consumer second = Open(ShortSession());
  ASSERT_TRUE(second.Subscribe({"t"}));
  const auto end = std::chrono::steady_clock::now() + kSoon;
  while ((first.Assignment().size() != 1 || second.Assignment().size() != 1) &&
         std::chrono::steady_clock::now() < end) {
    ASSERT_TRUE(first.Poll(milliseconds{50}));
    ASSERT_TRUE(second.Poll(milliseconds{50}));
  }
  EXPECT_TRUE(second.Close(kSoon));
  while (first.Assignment().size() != 2 && std::chrono::steady_clock::now() < end)
    ASSERT_TRUE(first.Poll(milliseconds{50}));
  ASSERT_EQ(first.Assignment().size(), 2U);
  ASSERT_TRUE(first.Seek({{kFirst, Place::Beginning()}, {kSecond, Place::Beginning()}}, kSoon));
  EXPECT_EQ(Read(first, 6).size(), 6U);
}

TEST_F(ConsumerTest, APartitionThatCouldNotBeResumedStaysPaused) {
  Produce(0, 5);
  Consumer consumer = OpenAt(Place::Beginning(), Options(""));
  EXPECT_EQ(Read(consumer, 2), Values(0, 2));
  ASSERT_TRUE(consumer.Pause({kFirst}));
  EXPECT_FALSE(consumer.Resume({kFirst, kSecond}));  // one of them is not ours
  for (int i = 0; i < 5; ++i) EXPECT_EQ(*consumer.Poll(milliseconds{50}), std::nullopt);
  ASSERT_TRUE(consumer.Resume({kFirst}));
  EXPECT_EQ(Read(consumer, 3), Values(2, 5));
}

TEST_F(ConsumerTest, AnOffsetThatIsNotThereStops) {
  Produce(0, 5);
  Consumer consumer = OpenAt(Place::Offset(70), Options(""));
  const Error error = PollError(consumer);
  EXPECT_EQ(error.action, Action::kStop);
  EXPECT_THAT(error.message,
              AllOf(HasSubstr("t [0]: offset 70 is not there"), HasSubstr("the log is from 0 to 5"),
                    HasSubstr("reset_out_of_range")));
}

TEST_F(ConsumerTest, NoOffsetIsBelowZero) {
  Consumer consumer = OpenAt(Place::Beginning(), Options());
  for (const std::int64_t offset : {-1, -2, -1000, -2001}) {
    const std::map<TopicPartition, Place> places{{kFirst, Place::Offset(offset)}};
    EXPECT_EQ(consumer.Assign(places, kSoon).error().message, "t [0]: no offset is below 0");
    EXPECT_EQ(consumer.Seek(places, kSoon).error().action, Action::kFix);
    ConsumerOptions options = Options();
    options.start = Place::Offset(offset);
    const auto opened = Consumer::Open(std::move(options));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().message, "start: no offset is below 0");
  }
}

TEST_F(ConsumerTest, AnOffsetThatIsNotThereCanBeReset) {
  Produce(0, 5);
  ConsumerOptions options = Options("");
  options.reset_out_of_range = true;
  Consumer consumer = OpenAt(Place::Offset(70), std::move(options));
  EXPECT_EQ(Read(consumer, 5), Values(0, 5));
}

TEST_F(ConsumerTest, StartsAtTheEndWhereTheGroupHasNoOffset) {
  Produce(0, 5);
  ConsumerOptions options = Options();
  options.start = Place::End();
  Consumer consumer = OpenAt(Place::Committed(), std::move(options));
  Produce(5, 7);
  EXPECT_EQ(Read(consumer, 2), Values(5, 7));
}

TEST_F(ConsumerTest, CommitsOfOneMessageOfBatchesAndLater) {
  Produce(0, 10);
  Consumer consumer = OpenAt(Place::Beginning(), Options());
  std::optional<Message> message;
  while (!message) message = *consumer.Poll(milliseconds{100});
  EXPECT_TRUE(consumer.Commit(OffsetsAfter(*message), kSoon));
  EXPECT_EQ(*consumer.Committed(kSoon), (Offsets{{kFirst, 1}}));
  const auto batch = *consumer.PollBatch(4, kSoon);
  ASSERT_FALSE(batch.empty());
  std::optional<bool> done;
  EXPECT_TRUE(consumer.CommitAsync(OffsetsAfter(batch),
                                   [&](const auto& result) { done = result.has_value(); }));
  EXPECT_EQ(done, std::nullopt);
  while (!done) ASSERT_TRUE(consumer.PollBatch(1, milliseconds{10}));
  EXPECT_EQ(done, true);
  EXPECT_EQ(*consumer.Committed(kSoon), (Offsets{{kFirst, batch.back().offset + 1}}));
  EXPECT_TRUE(consumer.Commit({}, kSoon));
}

TEST_F(ConsumerTest, CloseTellsOfCommitsWithoutAnAnswer) {
  Produce(0, 3);
  Consumer consumer = OpenAt(Place::Beginning(), Options());
  EXPECT_EQ(Read(consumer, 1), Values(0, 1));
  cluster_.RefuseNextCommit(RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE, 5000);
  std::vector<Result<void>> told;
  ASSERT_TRUE(consumer.CommitAsync(consumer.Positions(),
                                   [&](const Result<void>& result) { told.push_back(result); }));
  static_cast<void>(consumer.Close(milliseconds{200}));
  ASSERT_EQ(told.size(), 1U);
  ASSERT_FALSE(told[0]);
  EXPECT_EQ(told[0].error().action, Action::kRetry);
  EXPECT_THAT(told[0].error().message, HasSubstr("may have been committed"));
}

TEST_F(ConsumerTest, CommitsOnlyWhatIsOurs) {
  Consumer consumer = OpenAt(Place::Beginning(), Options());
  EXPECT_EQ(consumer.Commit({{kSecond, 1}}, kSoon).error().action, Action::kAbort);
  Consumer alone = OpenAt(Place::Beginning(), Options(""));
  EXPECT_EQ(alone.Commit({{kFirst, 1}}, kSoon).error().action, Action::kFix);
  EXPECT_EQ(alone.Subscribe({"t"}).error().action, Action::kFix);
}

TEST_F(ConsumerTest, MembersShareAndTakeOverAtOnce) {
  Produce(0, 3, 0);
  Produce(0, 3, 1);
  std::vector<std::vector<TopicPartition>> revoked;
  ConsumerOptions options = ShortSession();
  Consumer* inside = nullptr;
  options.on_revoked = [&](const std::vector<TopicPartition>& partitions) {
    revoked.push_back(partitions);
    EXPECT_EQ(inside->Assignment(), partitions);  // still ours
  };
  Consumer first = Open(std::move(options));
  inside = &first;
  ASSERT_TRUE(first.Subscribe({"^t$"}));
  EXPECT_EQ(Read(first, 6).size(), 6U);
  EXPECT_THAT(first.Assignment(), ElementsAre(kFirst, kSecond));
  EXPECT_TRUE(first.Commit(first.Positions(), kSoon));  // mock brokers refuse it while others join

  Consumer second = Open(ShortSession());
  ASSERT_TRUE(second.Subscribe({"t"}));
  const auto end = std::chrono::steady_clock::now() + kSoon;
  while ((first.Assignment().size() != 1 || second.Assignment().size() != 1) &&
         std::chrono::steady_clock::now() < end) {
    EXPECT_EQ(*first.Poll(milliseconds{50}), std::nullopt);  // nothing comes twice
    EXPECT_EQ(*second.Poll(milliseconds{50}), std::nullopt);
  }
  EXPECT_EQ(second.Assignment().size(), 1U);
  ASSERT_FALSE(revoked.empty());
  EXPECT_THAT(revoked[0], ElementsAre(kFirst, kSecond));
  EXPECT_TRUE(first.Close(kSoon));
  while (second.Assignment().size() != 2 && std::chrono::steady_clock::now() < end)
    EXPECT_EQ(*second.Poll(milliseconds{50}), std::nullopt);
  EXPECT_EQ(second.Assignment().size(), 2U);
}

TEST_F(ConsumerTest, SeekWhenAssigned) {
  Produce(0, 9);
  ConsumerOptions options = Options();
  Consumer* inside = nullptr;
  options.on_assigned = [&](const auto&) {
    EXPECT_TRUE(inside->Seek({{kFirst, Place::Offset(6)}}, kSoon));
  };
  Consumer consumer = Open(std::move(options));
  inside = &consumer;
  ASSERT_TRUE(consumer.Subscribe({"t"}));
  EXPECT_EQ(Read(consumer, 3), Values(6, 9));
}

TEST_F(ConsumerTest, SlowlyTakenMessagesDoNotCostTheMembership) {
  Produce(0, 50);
  ConsumerOptions options = Options();
  options.properties = {{"max.poll.interval.ms", "4000"}, {"session.timeout.ms", "4000"}};
  bool lost = false;
  options.on_lost = [&](const auto&) { lost = true; };
  Consumer consumer = Open(std::move(options));
  ASSERT_TRUE(consumer.Subscribe({"t"}));
  std::vector<std::string> values = Read(consumer, 1);
  while (values.size() < 50) {
    std::this_thread::sleep_for(milliseconds{120});
    for (std::string& value : Read(consumer, 1)) values.push_back(std::move(value));
  }
  EXPECT_EQ(values, Values(0, 50));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(*consumer.Poll(milliseconds{100}), std::nullopt);
  EXPECT_FALSE(lost);
}

TEST_F(ConsumerTest, WhoDoesNotPollInTimeIsToldThatThePartitionsAreLost) {
  Produce(0, 5);
  ConsumerOptions options = ShortSession();
  options.properties["max.poll.interval.ms"] = "4000";
  std::vector<TopicPartition> lost;
  options.on_lost = [&](const std::vector<TopicPartition>& partitions) { lost = partitions; };
  options.on_revoked = [](const auto&) { ADD_FAILURE() << "they are others' already"; };
  Consumer consumer = Open(std::move(options));
  ASSERT_TRUE(consumer.Subscribe({"t"}));
  EXPECT_EQ(Read(consumer, 1), Values(0, 1));
  const Offsets position = consumer.Positions();
  std::this_thread::sleep_for(milliseconds{5500});
  const auto end = std::chrono::steady_clock::now() + kSoon;
  while (lost.empty() && std::chrono::steady_clock::now() < end)
    ASSERT_TRUE(consumer.Poll(milliseconds{100}));
  EXPECT_THAT(lost, ElementsAre(kFirst, kSecond));
  EXPECT_EQ(consumer.Commit(position, kSoon).error().action, Action::kAbort);
}

TEST_F(ConsumerTest, WakeEndsAWait) {
  Consumer consumer = OpenAt(Place::Beginning(), Options(""));
  const auto start = std::chrono::steady_clock::now();
  std::thread other([&] {
    std::this_thread::sleep_for(milliseconds{200});
    consumer.Wake();
  });
  EXPECT_EQ(*consumer.Poll(seconds{60}), std::nullopt);
  EXPECT_LT(std::chrono::steady_clock::now() - start, kSoon);
  other.join();
}

TEST_F(ConsumerTest, PropertiesThatOtherClientsKnow) {
  Produce(0, 3);
  ConsumerOptions options = Options("");
  options.properties = {{"group.id", "other"},
                        {"auto.offset.reset", "latest"},
                        {"isolation.level", "read_uncommitted"},
                        {"enable.auto.commit", "false"}};
  Consumer consumer = OpenAt(Place::Committed(), std::move(options));
  Produce(3, 4);
  EXPECT_EQ(Read(consumer, 1), Values(3, 4));
  for (const auto& [name, value] :
       std::map<std::string, std::string>{{"enable.auto.commit", "true"},
                                          {"isolation.level", "x"},
                                          {"auto.offset.reset", "x"},
                                          {"no.such", "1"},
                                          {"plugin.library.paths", "x"}}) {
    ConsumerOptions refused = Options();
    refused.properties = {{name, value}};
    const auto opened = Consumer::Open(std::move(refused));
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().action, Action::kFix);
    EXPECT_THAT(opened.error().message, HasSubstr(name));
  }
}

TEST_F(ConsumerTest, CountsPartitions) {
  Consumer consumer = Open(Options(""));
  EXPECT_EQ(*consumer.PartitionCount("t", kSoon), 2);
  cluster_.MakeUnknown("t");
  EXPECT_EQ(consumer.PartitionCount("t", kSoon).error().message,
            "there is no topic t; check its name");
}

}  // namespace
}  // namespace semel
