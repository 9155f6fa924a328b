// Produces 25 messages; reads the topic as a member of a group; then is assigned a partition, and
// moves within it.
//
// Usage: notebook BROKERS TOPIC GROUP
#include <semel/consumer.h>
#include <semel/producer.h>

#include <iostream>
#include <string>

#include "until_signal.h"

using std::chrono::seconds;

semel::Result<void> Produce(const char* brokers, const char* topic) {
  SEMEL_TRY_ASSIGN(auto producer, semel::Producer::Open({.brokers = brokers}));
  for (int i = 0; i < 25; ++i) {
    const std::string key = std::to_string(i);
    const std::string value = "Msg " + key;
    SEMEL_TRY(producer.Send({.topic = topic, .key = key, .value = value}));
  }
  return producer.Close(seconds{120});
}

/// Until the end of all partitions.
semel::Result<void> Print(semel::Consumer& consumer, const std::string& who) {
  while (!consumer.AtEnd()) {
    SEMEL_TRY_ASSIGN(const auto message, consumer.Poll(seconds{1}));
    if (message) std::cout << who << ": " << message->value.value_or("") << std::endl;
  }
  return {};
}

semel::Result<void> ReadInGroup(const char* brokers, const char* topic, const char* group) {
  SEMEL_TRY_ASSIGN(auto consumer, semel::Consumer::Open({.brokers = brokers, .group = group}));
  SEMEL_TRY(consumer.Subscribe({topic}));
  SEMEL_TRY(Print(consumer, group));
  SEMEL_TRY(consumer.Commit(consumer.Positions(), seconds{10}));
  return consumer.Close(seconds{5});
}

semel::Result<void> ReadFrom(const char* brokers, const char* topic, std::int64_t offset) {
  SEMEL_TRY_ASSIGN(auto consumer, semel::Consumer::Open({.brokers = brokers}));
  const semel::TopicPartition partition{topic, 0};
  SEMEL_TRY(consumer.Assign({{partition, semel::Place::Beginning()}}, seconds{10}));
  SEMEL_TRY(consumer.Seek({{partition, semel::Place::Offset(offset)}}, seconds{10}));
  SEMEL_TRY(Print(consumer, "from " + std::to_string(offset)));
  return consumer.Close(seconds{5});
}

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  semel::Result<void> done = Produce(argv[1], argv[2]);
  if (done) done = ReadInGroup(argv[1], argv[2], argv[3]);
  if (done) done = ReadFrom(argv[1], argv[2], 20);
  return End(done);
}
