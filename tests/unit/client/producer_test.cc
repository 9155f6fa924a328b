#include "semel/producer.h"

#include <gmock/gmock.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace semel {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using Clock = std::chrono::steady_clock;

/// librdkafka's mock broker, which can be taken away.
class ProducerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    rd_kafka_conf_t* const quiet = rd_kafka_conf_new();
    rd_kafka_conf_set(quiet, "log_level", "0", nullptr, 0);
    client_ = rd_kafka_new(RD_KAFKA_PRODUCER, quiet, nullptr, 0);
    cluster_ = rd_kafka_mock_cluster_new(client_, 1);
    ASSERT_EQ(rd_kafka_mock_topic_create(cluster_, "orders", 4, 1), 0);
  }
  void TearDown() override {
    rd_kafka_mock_cluster_destroy(cluster_);
    rd_kafka_destroy(client_);
  }

  void BrokerDown() { ASSERT_EQ(rd_kafka_mock_broker_set_down(cluster_, 1), 0); }
  void BrokerUp() { ASSERT_EQ(rd_kafka_mock_broker_set_up(cluster_, 1), 0); }
  void Refuse(rd_kafka_resp_err_t code) {
    rd_kafka_mock_push_request_errors(cluster_, 0 /* Produce */, 1, code);
  }

  ProducerOptions Options() {
    ProducerOptions options;
    options.brokers = rd_kafka_mock_cluster_bootstraps(cluster_);
    options.log = [this](LogLevel level, std::string_view line) {
      const std::lock_guard lock(logging_);
      if (level >= LogLevel::kWarning) warnings_.emplace_back(line);
    };
    return options;
  }

  static Producer Open(ProducerOptions options) {
    auto opened = Producer::Open(std::move(options));
    EXPECT_TRUE(opened) << (opened ? "" : opened.error().message);
    return *std::move(opened);
  }

  std::string Warnings() {
    const std::lock_guard lock(logging_);
    std::string all;
    for (const std::string& line : warnings_) all += line + "\n";
    return all;
  }

  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
  std::mutex logging_;
  std::vector<std::string> warnings_;
};

OutgoingMessage To(std::int32_t partition, std::string_view value, std::uint64_t tag = 0) {
  OutgoingMessage message;
  message.topic = "orders";
  message.partition = partition;
  message.value = value;
  message.tag = tag;
  return message;
}

TEST_F(ProducerTest, WhatEndsItIsFinalWhateverItsCause) {
  rd_kafka_mock_push_request_errors(cluster_, 22 /* InitProducerId */, 1,
                                    RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
  Producer producer = Open(Options());
  std::optional<Error> error;
  while (!error) {
    if (auto sent = producer.Send({.topic = "orders", .value = "a"}); !sent) error = sent.error();
    std::this_thread::sleep_for(milliseconds{10});
  }
  EXPECT_EQ(error->action, Action::kFail) << error->message;
}

TEST_F(ProducerTest, EachMessageIsReportedOnceInTheOrderOfItsPartition) {
  std::vector<std::vector<std::uint64_t>> tags(4);
  std::vector<std::int64_t> next(4);
  ProducerOptions options = Options();
  options.queue_messages = 100;  // it is full all the time
  options.on_delivery = [&](const Delivery& delivery) {
    EXPECT_FALSE(delivery.error);
    EXPECT_EQ(delivery.topic, "orders");
    const auto partition = static_cast<std::size_t>(delivery.partition);
    EXPECT_EQ(delivery.offset, next.at(partition)++);
    tags.at(partition).push_back(delivery.tag);
  };
  Producer producer = Open(options);
  for (std::uint64_t i = 0; i < 5000; ++i)
    ASSERT_TRUE(producer.Send(To(static_cast<std::int32_t>(i % 4), "value", i)));
  ASSERT_TRUE(producer.Close(seconds{20}));
  EXPECT_EQ(producer.undelivered(), 0U);
  for (std::uint64_t p = 0; p < 4; ++p) {
    ASSERT_EQ(tags[p].size(), 1250U);
    for (std::uint64_t i = 0; i < 1250; ++i) ASSERT_EQ(tags[p][i], i * 4 + p);
  }
}

TEST_F(ProducerTest, FunctionsAreCalledOnlyWithinCalls) {
  std::thread::id caller;
  int own = 0;
  ProducerOptions options = Options();
  options.on_delivery = [&](const Delivery&) { caller = std::this_thread::get_id(); };
  Producer producer = Open(options);
  ASSERT_TRUE(producer.Send(To(0, "a")));
  std::this_thread::sleep_for(milliseconds{300});  // long delivered, and nobody was called
  EXPECT_EQ(caller, std::thread::id{});
  EXPECT_EQ(producer.undelivered(), 1U);
  EXPECT_EQ(producer.Poll(seconds{20}), 1U);
  EXPECT_EQ(caller, std::this_thread::get_id());
  EXPECT_EQ(producer.undelivered(), 0U);
  caller = {};
  ASSERT_TRUE(producer.Send(To(0, "b", 7), [&](const Delivery& delivery) {
    ++own;
    EXPECT_EQ(delivery.tag, 7U);
    EXPECT_EQ(delivery.offset, 1);
  }));
  ASSERT_TRUE(producer.Flush(seconds{20}));
  EXPECT_EQ(own, 1);
  EXPECT_EQ(caller, std::thread::id{}) << "the message had a function of its own";
}

TEST_F(ProducerTest, AFutureNeedsNoFurtherCall) {
  Producer producer = Open(Options());
  auto first = producer.SendForResult(To(2, "a"));
  ASSERT_EQ(first.wait_for(seconds{20}), std::future_status::ready);
  const auto delivered = first.get();
  ASSERT_TRUE(delivered);
  EXPECT_EQ(delivered->partition, 2);
  EXPECT_EQ(delivered->offset, 0);
  auto wrong = producer.SendForResult(To(-2, "a"));
  ASSERT_EQ(wrong.wait_for(seconds{0}), std::future_status::ready);
  EXPECT_EQ(wrong.get().error().action, Action::kFix);
}

TEST_F(ProducerTest, WithoutAcknowledgementsNoOffsetIsKnown) {
  ProducerOptions options = Options();
  options.properties = {{"acks", "0"}, {"enable.idempotence", "false"}, {"linger.ms", "500"}};
  int delivered = 0;
  options.on_delivery = [&](const Delivery& delivery) {
    EXPECT_FALSE(delivery.error);
    EXPECT_EQ(delivery.offset, -1);
    ++delivered;
  };
  Producer producer = Open(options);
  // More in one request than librdkafka numbers below zero.
  for (int i = 0; i < 1500; ++i) ASSERT_TRUE(producer.Send(To(0, "a")));
  auto result = producer.SendForResult(To(0, "b"));
  EXPECT_TRUE(producer.Close(seconds{20}));
  EXPECT_EQ(delivered, 1500);
  EXPECT_EQ(result.get()->offset, -1);
}

TEST_F(ProducerTest, WhatLiesWithABrokerThatIsAwayIsDeliveredWhenItReturns) {
  Producer producer = Open(Options());
  ASSERT_TRUE(producer.Send(To(0, "a")));
  ASSERT_TRUE(producer.Flush(seconds{20}));
  BrokerDown();
  auto later = producer.SendForResult(To(0, "b"));
  const auto flushed = producer.Flush(milliseconds{300});
  ASSERT_FALSE(flushed);
  EXPECT_THAT(flushed.error().message, HasSubstr("1 messages are not delivered after 300 ms"));
  EXPECT_EQ(flushed.error().action, Action::kRetry);
  BrokerUp();
  ASSERT_TRUE(producer.Flush(seconds{30}));
  EXPECT_EQ(later.get()->offset, 1);
}

TEST_F(ProducerTest, AMessageIsGivenUpAfterTheDeliveryTimeout) {
  BrokerDown();
  ProducerOptions options = Options();
  options.delivery_timeout = milliseconds{500};
  std::string told;
  options.on_delivery = [&](const Delivery& delivery) {
    ASSERT_TRUE(delivery.error);
    EXPECT_EQ(delivery.tag, 5U);
    EXPECT_EQ(delivery.offset, -1);
    told = delivery.error->message;
  };
  Producer producer = Open(options);
  ASSERT_TRUE(producer.Send(To(3, "a", 5)));
  const auto flushed = producer.Flush(seconds{20});
  ASSERT_FALSE(flushed);
  EXPECT_THAT(flushed.error().message, HasSubstr("1 messages were not delivered"));
  EXPECT_THAT(told, HasSubstr("orders [3]"));
  EXPECT_THAT(told, HasSubstr("it was not written"));
  EXPECT_TRUE(producer.Flush(seconds{1})) << "it was told once";
}

TEST_F(ProducerTest, CloseGivesUpAndTellsEverybody) {
  BrokerDown();
  ProducerOptions options = Options();
  std::vector<std::uint64_t> failed;
  options.on_delivery = [&](const Delivery& delivery) {
    if (delivery.error) failed.push_back(delivery.tag);
  };
  Producer producer = Open(options);
  for (std::uint64_t i = 0; i < 10; ++i) ASSERT_TRUE(producer.Send(To(1, "a", i)));
  auto future = producer.SendForResult(To(1, "b"));
  const auto start = Clock::now();
  const auto closed = producer.Close(milliseconds{200});
  EXPECT_LT(Clock::now() - start, seconds{5});
  ASSERT_FALSE(closed);
  EXPECT_THAT(closed.error().message, HasSubstr("11 messages were not delivered"));
  EXPECT_THAT(closed.error().message, HasSubstr("orders [1]"));
  EXPECT_THAT(failed, ::testing::ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  ASSERT_EQ(future.wait_for(seconds{0}), std::future_status::ready);
  EXPECT_FALSE(future.get());
  const auto late = producer.Send(To(1, "c"));
  ASSERT_FALSE(late);
  EXPECT_THAT(late.error().message, HasSubstr("closed"));
  EXPECT_TRUE(producer.Close(seconds{1}));
}

// The name is so long, and wrong, that a Send is at its beginning for most of its time.
TEST_F(ProducerTest, WhatIsSentWhileItClosesIsCountedOnce) {
  const std::string name(std::size_t{8} << 20U, 'x');
  for (int i = 0; i < 30; ++i) {
    Producer producer = Open(Options());
    std::atomic<bool> sends = false;
    std::jthread other([&](const std::stop_token& done) {
      while (!done.stop_requested()) {
        EXPECT_FALSE(producer.SendForResult({.topic = name}).get());
        sends = true;
      }
    });
    while (!sends) std::this_thread::yield();
    static_cast<void>(producer.Close(milliseconds{0}));
    other.request_stop();
    other.join();
    ASSERT_EQ(producer.undelivered(), 0U);
  }
}

TEST_F(ProducerTest, TheDestructorEndsSoonAndWarns) {
  BrokerDown();
  int told = 0;
  auto start = Clock::now();
  {
    Producer producer = Open(Options());
    for (int i = 0; i < 3; ++i)
      ASSERT_TRUE(producer.Send(To(0, "a"), [&](const Delivery& d) { told += d.error ? 1 : 0; }));
    start = Clock::now();
  }
  EXPECT_LT(Clock::now() - start, seconds{5});
  EXPECT_EQ(told, 3);
  EXPECT_THAT(Warnings(), HasSubstr("3 messages were not delivered"));
}

TEST_F(ProducerTest, AFullQueueRefusesOrWaitsAsAskedFor) {
  BrokerDown();
  ProducerOptions options = Options();
  options.queue_messages = 2;
  options.when_full = WhenFull::kRefuse;
  Producer refuses = Open(options);
  ASSERT_TRUE(refuses.Send(To(0, "a")));
  ASSERT_TRUE(refuses.Send(To(0, "b")));
  const auto refused = refuses.Send(To(0, "c"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().action, Action::kRetry);
  EXPECT_EQ(refuses.undelivered(), 2U);

  options.when_full = WhenFull::kWait;
  options.properties["message.timeout.ms"] = "60000";  // so that nothing makes room
  options.delivery_timeout = milliseconds{400};
  Producer waits = Open(options);
  ASSERT_TRUE(waits.Send(To(0, "a")));
  ASSERT_TRUE(waits.Send(To(0, "b")));
  const auto start = Clock::now();
  const auto waited = waits.Send(To(0, "c"));
  ASSERT_FALSE(waited);
  EXPECT_EQ(waited.error().action, Action::kRetry);
  EXPECT_GE(Clock::now() - start, milliseconds{400});
  EXPECT_LT(Clock::now() - start, seconds{5});
  static_cast<void>(refuses.Close(milliseconds{0}));
  static_cast<void>(waits.Close(milliseconds{0}));
}

TEST_F(ProducerTest, ManyThreadsSendAndFlushAtOnce) {
  std::atomic<int> reported = 0;
  ProducerOptions options = Options();
  options.queue_messages = 500;
  options.on_delivery = [&](const Delivery& delivery) { reported += delivery.error ? 0 : 1; };
  Producer producer = Open(options);
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        for (int i = 0; i < 2000; ++i) ASSERT_TRUE(producer.Send(To(t, "value")));
        EXPECT_TRUE(producer.Flush(seconds{30}));
      });
  }
  EXPECT_TRUE(producer.Close(seconds{20}));
  EXPECT_EQ(reported, 8000);
}

TEST_F(ProducerTest, ADeliveryMaySendAgainEvenWhenTheQueueIsFull) {
  std::atomic<int> reported = 0;
  Producer* sender = nullptr;
  ProducerOptions options = Options();
  options.queue_messages = 2;
  options.on_delivery = [&](const Delivery& delivery) {
    ++reported;
    EXPECT_FALSE(sender->Flush(seconds{1})) << "it would wait for itself";
    if (delivery.tag == 2) return;
    EXPECT_TRUE(sender->Send(To(0, "again", delivery.tag + 1)));
  };
  Producer producer = Open(options);
  sender = &producer;
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(producer.Send(To(0, "first")));
  EXPECT_TRUE(producer.Flush(seconds{30}));
  EXPECT_EQ(reported, 60);
  EXPECT_TRUE(producer.Close(seconds{1}));
}

TEST_F(ProducerTest, ARefusedMessageNamesItsPartition) {
  Producer producer = Open(Options());
  Refuse(RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED);
  const auto refused = producer.SendForResult(To(3, "a")).get();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().action, Action::kConnect);
  EXPECT_THAT(refused.error().message, HasSubstr("orders [3]"));
  EXPECT_THAT(refused.error().message, HasSubstr("Write on the topic"));
  EXPECT_FALSE(producer.Close(seconds{5}));
}

TEST_F(ProducerTest, WhatCannotBeSentIsRefusedAtOnce) {
  ProducerOptions options = Options();
  options.queue_bytes = 2'000'000;
  Producer producer = Open(options);
  const auto refusal = [&](const OutgoingMessage& message) {
    const auto sent = producer.Send(message);
    EXPECT_FALSE(sent);
    return sent ? Action::kFail : sent.error().action;
  };
  OutgoingMessage zero_time = To(0, "a");
  zero_time.timestamp_ms = 0;
  EXPECT_EQ(refusal(zero_time), Action::kFix);
  EXPECT_EQ(refusal(To(0, "a", UINT64_MAX)), Action::kFix);
  EXPECT_EQ(refusal({.topic = ""}), Action::kFix);
  EXPECT_EQ(refusal(To(0, std::string(1'500'000, 'x'))), Action::kRejectRecord);
  EXPECT_EQ(refusal(To(0, std::string(3'000'000, 'x'))), Action::kRejectRecord);
  EXPECT_TRUE(producer.Close(seconds{1})) << "Send has told";
}

TEST(ProducerOpenTest, WrongOptionsAreNamed) {
  ProducerOptions options;
  EXPECT_THAT(Producer::Open(options).error().message, HasSubstr("brokers"));
  options.brokers = "127.0.0.1:1";
  options.properties = {{"no.such", "1"}};
  EXPECT_THAT(Producer::Open(options).error().message, HasSubstr("no.such"));
  options.properties = {{"dr_msg_cb", "1"}};
  EXPECT_EQ(Producer::Open(options).error().action, Action::kFix);
  options.properties = {{"retries", "10"}, {"acks", "all"}};
  EXPECT_TRUE(Producer::Open(options));
  options.queue_messages = 0;
  EXPECT_THAT(Producer::Open(options).error().message, HasSubstr("queue_messages"));
}

TEST_F(ProducerTest, CanBeMoved) {
  Producer first = Open(Options());
  auto future = first.SendForResult(To(0, "a"));
  Producer second = std::move(first);
  auto other = second.SendForResult(To(0, "b"));
  second = Open(Options());  // closes the one before
  EXPECT_TRUE(future.get());
  EXPECT_TRUE(other.get());
  ASSERT_TRUE(second.Send(To(0, "c")));
  EXPECT_TRUE(second.Close(seconds{20}));
}

}  // namespace
}  // namespace semel
