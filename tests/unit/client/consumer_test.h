// What the tests of the consumers share: a cluster with a topic, and short names.
#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "../wiring/mock_cluster.h"
#include "kafka/rdkafka_handles.h"
#include "semel/consumer.h"

namespace semel {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr seconds kSoon{60};  // far above what anything takes
inline const TopicPartition kFirst{"t", 0};
inline const TopicPartition kSecond{"t", 1};

class ConsumerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    cluster_.CreateTopic("t", 2);
    rd_kafka_conf_t* const conf = rd_kafka_conf_new();
    const std::string brokers = cluster_.Settings().brokers;
    rd_kafka_conf_set(conf, "bootstrap.servers", brokers.c_str(), nullptr, 0);
    rd_kafka_conf_set(conf, "linger.ms", "50", nullptr, 0);
    producer_.reset(rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0));
  }

  /// Values that are numbers, a record batch as a rule: mock brokers answer with one batch at a
  /// time.
  void Produce(int from, int to, int partition = 0) const {
    const kafka::TopicPtr topic(rd_kafka_topic_new(producer_.get(), "t", nullptr));
    for (int i = from; i < to; ++i) {
      std::string value = std::to_string(i);
      EXPECT_EQ(rd_kafka_produce(topic.get(), partition, RD_KAFKA_MSG_F_COPY, value.data(),
                                 value.size(), nullptr, 0, nullptr),
                0);
    }
    std::this_thread::sleep_for(milliseconds{100});  // a flush would not wait for a full batch
    EXPECT_EQ(rd_kafka_flush(producer_.get(), 20'000), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  ConsumerOptions Options(const std::string& group = "g") const {
    ConsumerOptions options;
    options.brokers = cluster_.Settings().brokers;
    options.group = group;
    options.log = [](LogLevel, std::string_view) {};
    return options;
  }

  /// Mock brokers let a group in which there is a member wait for nearly a session.
  ConsumerOptions ShortSession() const {
    ConsumerOptions options = Options();
    options.properties = {{"session.timeout.ms", "4000"},
                          {"partition.assignment.strategy", "range"}};
    return options;
  }

  static Consumer Open(ConsumerOptions options) {
    auto opened = Consumer::Open(std::move(options));
    EXPECT_TRUE(opened) << opened.error().message;
    return std::move(*opened);
  }

  /// A consumer that reads the first partition from there.
  Consumer OpenAt(Place place, ConsumerOptions options) const {
    Consumer consumer = Open(std::move(options));
    EXPECT_TRUE(consumer.Assign({{kFirst, place}}, kSoon));
    return consumer;
  }

  /// The values of the next `count` messages; fewer after 20 s.
  static std::vector<std::string> Read(Consumer& consumer, std::size_t count) {
    std::vector<std::string> values;
    const auto end = std::chrono::steady_clock::now() + kSoon;
    while (values.size() < count && std::chrono::steady_clock::now() < end) {
      const auto message = consumer.Poll(milliseconds{100});
      EXPECT_TRUE(message) << message.error().message;
      if (!message) break;
      if (*message) values.emplace_back(*(*message)->value);
    }
    return values;
  }

  static std::vector<std::string> Values(int from, int to) {
    std::vector<std::string> values;
    for (int i = from; i < to; ++i) values.push_back(std::to_string(i));
    return values;
  }

  /// The error that polling ends with.
  static Error PollError(Consumer& consumer) {
    const auto end = std::chrono::steady_clock::now() + kSoon;
    while (std::chrono::steady_clock::now() < end)
      if (const auto message = consumer.Poll(milliseconds{100}); !message) return message.error();
    ADD_FAILURE() << "no error";
    return {};
  }

  MockCluster cluster_;
  std::unique_ptr<rd_kafka_t, kafka::DestroyWith<rd_kafka_destroy>> producer_;
};

}  // namespace semel
