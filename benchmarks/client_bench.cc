// What Producer and Consumer cost beside a program on librdkafka itself: each writes and then reads
// the same number of messages of 100 bytes, with equal settings.
//
// Usage: client_bench bare|semel BROKERS TOPIC COUNT
#include <cstring>
#include <string>

#include "client.h"
#include "semel/consumer.h"
#include "semel/producer.h"

namespace {

constexpr std::size_t kBytes = 100;

[[noreturn]] void End(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(1);
}

// --- librdkafka -------------------------------------------------------------------------------

void WriteBare(const char* brokers, const char* topic, long count) {
  rd_kafka_t* const producer =
      OpenClient(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers},
                                     {"enable.idempotence", "true"},
                                     {"compression.type", "lz4"},
                                     {"linger.ms", "20"},
                                     {"max.in.flight.requests.per.connection", "1"},
                                     {"queue.buffering.max.messages", "100000"}});
  rd_kafka_topic_t* const handle = rd_kafka_topic_new(producer, topic, nullptr);
  std::string value(kBytes, 'x');
  for (long i = 0; i < count; ++i) {
    std::memcpy(value.data(), &i, sizeof(i));
    while (rd_kafka_produce(handle, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value.data(),
                            value.size(), value.data(), 8, nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) End("cannot produce");
      rd_kafka_poll(producer, 10);
    }
    if (i % 1000 == 0) rd_kafka_poll(producer, 0);
  }
  if (rd_kafka_flush(producer, 60'000) != RD_KAFKA_RESP_ERR_NO_ERROR) End("cannot flush");
  rd_kafka_topic_destroy(handle);
  rd_kafka_destroy(producer);
}

void ReadBare(const char* brokers, const char* topic, long count) {
  rd_kafka_t* const consumer =
      OpenClient(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers},
                                     {"group.id", std::string("bare.") + topic},
                                     {"enable.auto.commit", "false"},
                                     {"auto.offset.reset", "earliest"}});
  rd_kafka_poll_set_consumer(consumer);
  rd_kafka_topic_partition_list_t* const topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, topic, RD_KAFKA_PARTITION_UA);
  if (rd_kafka_subscribe(consumer, topics) != RD_KAFKA_RESP_ERR_NO_ERROR) End("cannot subscribe");
  std::size_t bytes = 0;
  for (long i = 0; i < count;) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(consumer, 1000);
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      bytes += message->len;
      ++i;
    }
    rd_kafka_message_destroy(message);
  }
  if (bytes != static_cast<std::size_t>(count) * kBytes) End("read something else");
  rd_kafka_topic_partition_list_destroy(topics);
  rd_kafka_consumer_close(consumer);
  rd_kafka_destroy(consumer);
}

// --- the library ------------------------------------------------------------------------------

void Write(const char* brokers, const char* topic, long count) {
  auto producer = semel::Producer::Open({.brokers = brokers});
  if (!producer) End(producer.error().message);
  std::string value(kBytes, 'x');
  for (long i = 0; i < count; ++i) {
    std::memcpy(value.data(), &i, sizeof(i));
    const auto sent = producer->Send(
        {.topic = topic, .key = std::string_view(value).substr(0, 8), .value = value});
    if (!sent) End(sent.error().message);
  }
  if (const auto closed = producer->Close(std::chrono::minutes{1}); !closed)
    End(closed.error().message);
}

void Read(const char* brokers, const char* topic, long count) {
  auto consumer =
      semel::Consumer::Open({.brokers = brokers, .group = std::string("semel.") + topic});
  if (!consumer) End(consumer.error().message);
  if (const auto subscribed = consumer->Subscribe({topic}); !subscribed)
    End(subscribed.error().message);
  std::size_t bytes = 0;
  for (long i = 0; i < count;) {
    const auto message = consumer->Poll(std::chrono::seconds{1});
    if (!message) End(message.error().message);
    if (!*message) continue;
    bytes += (*message)->value->size();
    ++i;
  }
  if (bytes != static_cast<std::size_t>(count) * kBytes) End("read something else");
  if (const auto closed = consumer->Close(std::chrono::seconds{5}); !closed)
    End(closed.error().message);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) return 2;
  const bool bare = std::strcmp(argv[1], "bare") == 0;
  const long count = std::atol(argv[4]);
  (bare ? WriteBare : Write)(argv[2], argv[3], count);
  (bare ? ReadBare : Read)(argv[2], argv[3], count);
}
