// The consumers with a handler.
#include <atomic>
#include <thread>

#include "consumer_test.h"
#include "semel/batch_consumer.h"
#include "semel/push_consumer.h"
#include "semel/single_consumer.h"

namespace semel {
namespace {

using ::testing::Each;
using ::testing::Ge;

const Error kBad{Action::kFail, "bad message"};

class HandlerTest : public ConsumerTest {
 protected:
  static HandlerOptions UntilEnd() {
    HandlerOptions options;
    options.topics = {"t"};
    options.until_end = true;
    return options;
  }

  /// Mock brokers let a fetch wait for all of fetch.wait.max.ms, which is 5 s for batches.
  ConsumerOptions BatchConsumerOptions() const {
    ConsumerOptions options = Options();
    options.properties = {{"fetch.wait.max.ms", "100"}};
    return options;
  }

  std::int64_t CommittedOffset() {
    Consumer consumer = OpenAt(Place::Beginning(), Options());
    const auto committed = consumer.Committed(kSoon);
    EXPECT_TRUE(committed);
    const auto found = committed->find(kFirst);
    return found == committed->end() ? -1 : found->second;
  }
};

TEST_F(HandlerTest, SingleCommitsEachMessageThatWasHandled) {
  Produce(0, 5);
  auto single = *SingleConsumer::Open(Options(), UntilEnd());
  std::vector<std::string> values;
  const auto ended = single->Run([&](const Message& message) -> Result<void> {
    values.emplace_back(*message.value);
    return {};
  });
  EXPECT_TRUE(ended) << ended.error().message;
  EXPECT_EQ(values, Values(0, 5));
  EXPECT_EQ(CommittedOffset(), 5);
}

TEST_F(HandlerTest, SingleStopsBeforeTheMessageThatFailed) {
  Produce(0, 5);
  auto single = *SingleConsumer::Open(Options(), UntilEnd());
  const auto ended = single->Run([&](const Message& message) -> Result<void> {
    if (*message.value == "3") return kBad;
    return {};
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().message, "bad message");
  EXPECT_EQ(CommittedOffset(), 3);
}

TEST_F(HandlerTest, ASecondAttemptMaySucceed) {
  Produce(0, 3);
  HandlerOptions options = UntilEnd();
  options.attempts = 3;
  options.backoff = milliseconds{1};
  auto single = *SingleConsumer::Open(Options(), std::move(options));
  int calls = 0;
  const auto ended = single->Run([&](const Message&) -> Result<void> {
    if (++calls < 3) return kBad;
    return {};
  });
  EXPECT_TRUE(ended);
  EXPECT_EQ(calls, 5);
  EXPECT_EQ(CommittedOffset(), 3);
}

TEST_F(HandlerTest, ADeadLetterIsInSafetyBeforeItsOffsetIsCommitted) {
  Produce(0, 5);
  HandlerOptions options = UntilEnd();
  std::vector<std::string> dead;
  std::int64_t committed = 0;
  options.dead_letter = [&](const Message& message, const Error& error) -> Result<void> {
    dead.push_back(std::string(*message.value) + ": " + error.message);
    committed = CommittedOffset();
    return {};
  };
  auto single = *SingleConsumer::Open(Options(), std::move(options));
  const auto ended = single->Run([&](const Message& message) -> Result<void> {
    if (*message.value == "2") return kBad;
    return {};
  });
  EXPECT_TRUE(ended);
  EXPECT_THAT(dead, ::testing::ElementsAre("2: bad message"));
  EXPECT_EQ(committed, 2);
  EXPECT_EQ(CommittedOffset(), 5);
}

TEST_F(HandlerTest, ADeadLetterThatFailsStops) {
  Produce(0, 5);
  HandlerOptions options = UntilEnd();
  options.dead_letter = [](const Message&, const Error&) { return Error{Action::kFail, "full"}; };
  auto single = *SingleConsumer::Open(Options(), std::move(options));
  EXPECT_EQ(single->Run([](const Message&) { return kBad; }).error().message, "full");
  EXPECT_EQ(CommittedOffset(), -1);
}

TEST_F(HandlerTest, BatchesHaveAtLeastTheNumber) {
  Produce(0, 5);
  HandlerOptions options = UntilEnd();
  options.until_end = false;
  auto batches =
      *BatchConsumer::Open(BatchConsumerOptions(), std::move(options), {10, milliseconds{60'000}});
  std::thread slow([&] {
    // So many that there are ten more where the first batch has 19.
    for (int i = 5; i < 40; i += 5) {
      Produce(i, i + 5);
      std::this_thread::sleep_for(milliseconds{20});
    }
  });
  std::vector<std::size_t> sizes;
  std::vector<std::string> values;
  const auto ended = batches->Run([&](std::span<const Message> messages) -> Result<void> {
    sizes.push_back(messages.size());
    for (const Message& message : messages) values.emplace_back(*message.value);
    if (values.size() >= 20) batches->Stop();
    return {};
  });
  slow.join();
  EXPECT_TRUE(ended);
  EXPECT_THAT(sizes, Each(Ge(10U)));
  EXPECT_EQ(values, Values(0, static_cast<int>(values.size())));
  EXPECT_EQ(CommittedOffset(), static_cast<std::int64_t>(values.size()));
}

TEST_F(HandlerTest, ASmallBatchComesAfterTheWait) {
  Produce(0, 3);
  HandlerOptions options = UntilEnd();
  options.until_end = false;
  auto batches =
      *BatchConsumer::Open(BatchConsumerOptions(), std::move(options), {10, milliseconds{500}});
  std::size_t size = 0;
  EXPECT_TRUE(batches->Run([&](std::span<const Message> messages) -> Result<void> {
    size = messages.size();
    batches->Stop();
    return {};
  }));
  EXPECT_EQ(size, 3U);
  EXPECT_EQ(CommittedOffset(), 3);
}

TEST_F(HandlerTest, WithoutAWaitABatchIsWhatIsThere) {
  Produce(0, 3);
  HandlerOptions options = UntilEnd();
  options.until_end = false;
  auto batches =
      *BatchConsumer::Open(BatchConsumerOptions(), std::move(options), {10, milliseconds{0}});
  std::vector<std::string> values;
  std::jthread watch([&](const std::stop_token& done) {
    const auto end = std::chrono::steady_clock::now() + kSoon;
    while (!done.stop_requested() && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(milliseconds{50});
    batches->Stop();
  });
  EXPECT_TRUE(batches->Run([&](std::span<const Message> messages) -> Result<void> {
    for (const Message& message : messages) values.emplace_back(*message.value);
    if (values.size() == 3) batches->Stop();
    return {};
  }));
  EXPECT_EQ(values, Values(0, 3));
}

TEST_F(HandlerTest, OnlyTheBadOnesOfABatchAreDeadLetters) {
  Produce(0, 12);
  HandlerOptions options = UntilEnd();
  std::vector<std::string> dead;
  options.dead_letter = [&](const Message& message, const Error&) -> Result<void> {
    dead.emplace_back(*message.value);
    return {};
  };
  auto batches = *BatchConsumer::Open(BatchConsumerOptions(), std::move(options));
  EXPECT_TRUE(batches->Run([&](std::span<const Message> messages) -> Result<void> {
    for (const Message& message : messages)
      if (*message.value == "7") return kBad;
    return {};
  }));
  EXPECT_THAT(dead, ::testing::ElementsAre("7"));
  EXPECT_EQ(CommittedOffset(), 12);
}

TEST_F(HandlerTest, ABatchThatFailedIsNotCommitted) {
  Produce(0, 12);
  auto batches = *BatchConsumer::Open(BatchConsumerOptions(), UntilEnd());
  EXPECT_FALSE(batches->Run([](std::span<const Message>) { return kBad; }));
  EXPECT_EQ(CommittedOffset(), -1);
}

TEST_F(HandlerTest, PushHandlesOnItsOwnThreadAndCommitsAtTheEnd) {
  Produce(0, 5);
  auto push = *PushConsumer::Open(Options(), UntilEnd());
  EXPECT_FALSE(push->running());
  std::thread::id thread;
  std::atomic<int> handled = 0;
  ASSERT_TRUE(push->Start([&](const Message&) -> Result<void> {
    thread = std::this_thread::get_id();
    ++handled;
    return {};
  }));
  EXPECT_FALSE(push->Start([](const Message&) { return Result<void>(); }));
  EXPECT_TRUE(push->Wait());
  EXPECT_FALSE(push->running());
  EXPECT_EQ(handled, 5);
  EXPECT_NE(thread, std::this_thread::get_id());
  EXPECT_EQ(CommittedOffset(), 5);
}

TEST_F(HandlerTest, PushCommitsWhileItRunsAndStopsFromAnyThread) {
  Produce(0, 5);
  HandlerOptions options = UntilEnd();
  options.until_end = false;
  auto push = *PushConsumer::Open(Options(), std::move(options));
  ASSERT_TRUE(push->Start([](const Message&) { return Result<void>(); }));
  const auto end = std::chrono::steady_clock::now() + kSoon;
  while (CommittedOffset() != 5 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(milliseconds{50});
  EXPECT_EQ(CommittedOffset(), 5);
  EXPECT_TRUE(push->running());
  push->Stop();
  EXPECT_TRUE(push->Wait());
}

TEST_F(HandlerTest, PushCommitsAtTheEndWhatACommitUnderWayMayNotHaveCommitted) {
  Produce(0, 5);
  HandlerOptions options = UntilEnd();
  options.until_end = false;
  auto push = *PushConsumer::Open(Options(), std::move(options));
  cluster_.RefuseNextCommit(RD_KAFKA_RESP_ERR_INVALID_COMMIT_OFFSET_SIZE, 3000);
  std::atomic<int> handled = 0;
  ASSERT_TRUE(push->Start([&](const Message&) -> Result<void> {
    ++handled;
    return {};
  }));
  const auto end = std::chrono::steady_clock::now() + kSoon;
  while (handled != 5 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(milliseconds{50});
  std::this_thread::sleep_for(milliseconds{1500});  // it commits every second
  push->Stop();
  EXPECT_TRUE(push->Wait());
  EXPECT_EQ(CommittedOffset(), 5);
}

TEST_F(HandlerTest, TheDestructorOfAPushConsumerStopsIt) {
  Produce(0, 5);
  HandlerOptions options = UntilEnd();
  options.until_end = false;
  std::atomic<int> handled = 0;
  {
    auto push = *PushConsumer::Open(Options(), std::move(options));
    ASSERT_TRUE(push->Start([&](const Message&) -> Result<void> {
      ++handled;
      std::this_thread::sleep_for(milliseconds{50});  // within a handler most of the time
      return {};
    }));
    const auto end = std::chrono::steady_clock::now() + kSoon;
    while (handled < 3 && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(milliseconds{5});
  }
  const int then = handled;
  EXPECT_GE(then, 3);
  EXPECT_EQ(CommittedOffset(), then) << "what was handled, and no more, is committed";
}

TEST_F(HandlerTest, ItStopsWhileItWaitsForAnotherAttempt) {
  Produce(0, 5);
  HandlerOptions options = UntilEnd();
  options.attempts = 3;
  options.backoff = std::chrono::hours{1};
  int dead = 0;
  options.dead_letter = [&](const Message&, const Error&) -> Result<void> {
    ++dead;
    return {};
  };
  auto single = *SingleConsumer::Open(Options(), std::move(options));
  std::atomic<int> calls = 0;
  std::jthread stopper([&] {
    const auto end = std::chrono::steady_clock::now() + kSoon;
    while (calls == 0 && std::chrono::steady_clock::now() < end)
      std::this_thread::sleep_for(milliseconds{5});
    std::this_thread::sleep_for(milliseconds{50});
    single->Stop();
  });
  const auto ended = single->Run([&](const Message& message) -> Result<void> {
    if (*message.value != "2") return {};
    ++calls;
    return kBad;
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().message, "bad message");
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(dead, 0) << "not all attempts were made";
  EXPECT_EQ(CommittedOffset(), 2);
}

TEST_F(HandlerTest, PushNeverCommitsTheMessageThatFailed) {
  Produce(0, 5);
  auto push = *PushConsumer::Open(Options(), UntilEnd());
  ASSERT_TRUE(push->Start([](const Message& message) -> Result<void> {
    if (*message.value == "3") return kBad;
    return {};
  }));
  EXPECT_EQ(push->Wait().error().message, "bad message");
  EXPECT_EQ(CommittedOffset(), 3);
}

TEST_F(HandlerTest, RefusesWhatMakesNoSense) {
  HandlerOptions options = UntilEnd();
  options.attempts = 0;
  EXPECT_FALSE(SingleConsumer::Open(Options(), options));
  options.attempts = 1;
  options.topics = {};
  EXPECT_FALSE(PushConsumer::Open(Options(), options));
  EXPECT_FALSE(BatchConsumer::Open(Options(), UntilEnd(), {0, milliseconds{1}}));
  EXPECT_FALSE(SingleConsumer::Open(Options(""), UntilEnd()));
}

}  // namespace
}  // namespace semel
