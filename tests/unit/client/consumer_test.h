// What the tests of the consumers share: a cluster with a topic, and short names.
#pragma once

#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "../wiring/mock_cluster.h"
#include "semel/consumer.h"

namespace semel {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr seconds kSoon{20};  // far above what anything takes
inline const TopicPartition kFirst{"t", 0};
inline const TopicPartition kSecond{"t", 1};

class ConsumerTest : public ::testing::Test {
 protected:
  void SetUp() override { cluster_.CreateTopic("t", 2); }

  void Produce(int from, int to, int partition = 0) const {
    for (int i = from; i < to; ++i) cluster_.Produce("t", partition, std::to_string(i), 1000 + i);
  }

  ConsumerOptions Options(const std::string& group = "g") const {
    ConsumerOptions options;
    options.brokers = cluster_.Settings().brokers;
    options.group = group;
    options.log = [](LogLevel, std::string_view) {};
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
};

}  // namespace semel
