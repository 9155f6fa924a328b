// How long an event takes through `semel dedup`: from its record timestamp, set when it is due, to
// a consumer with read_committed. Open loop: the producer keeps to its schedule, however late the
// answers are, so that a standstill shows in every event that it delays.
//
// Usage: latency_probe BROKERS FROM TO RATE SECONDS; semel runs already. The first 2 s warm up.
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "client.h"

namespace {

using WallClock = std::chrono::system_clock;
using std::chrono::milliseconds;

constexpr int kPartitions = 4;
constexpr int kWarmUpMs = 2000;
constexpr milliseconds kPatience{10'000};

std::int64_t WallMs() {
  return std::chrono::duration_cast<milliseconds>(WallClock::now().time_since_epoch()).count();
}

void Produce(const char* brokers, const char* topic, int rate, int seconds) {
  rd_kafka_t* const producer = OpenClient(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers},
                                                              {"compression.codec", "lz4"},
                                                              {"linger.ms", "10"},
                                                              {"max.in.flight", "1"}});
  const std::string filler(120, 'x');
  const auto began = WallClock::now();
  const std::int64_t total = std::int64_t{rate} * seconds;
  for (std::int64_t i = 0; i < total; ++i) {
    const auto due = began + std::chrono::microseconds(i * 1'000'000 / rate);
    // Sleeps are coarse: what became due meanwhile goes in one go, with the time it was due.
    if (due > WallClock::now()) std::this_thread::sleep_until(due);
    const std::int64_t due_ms =
        std::chrono::duration_cast<milliseconds>(due.time_since_epoch()).count();
    const std::string id = std::to_string(due_ms) + "-" + std::to_string(i);
    const std::string value = R"({"event_id":")" + id + R"(","filler":")" + filler + "\"}";
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(topic),
        RD_KAFKA_V_PARTITION(static_cast<std::int32_t>(i % kPartitions)),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(id.data(), id.size()),
        RD_KAFKA_V_VALUE(const_cast<char*>(value.data()), value.size()),
        RD_KAFKA_V_TIMESTAMP(due_ms), RD_KAFKA_V_END);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) std::exit(1);
    rd_kafka_poll(producer, 0);
  }
  if (rd_kafka_flush(producer, 30'000) != RD_KAFKA_RESP_ERR_NO_ERROR) std::exit(1);
  rd_kafka_destroy(producer);
}

rd_kafka_t* OpenReader(const char* brokers, const char* topic) {
  rd_kafka_t* const reader = OpenClient(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers},
                                                            {"group.id", "latency_probe"},
                                                            {"isolation.level", "read_committed"}});
  rd_kafka_poll_set_consumer(reader);
  rd_kafka_topic_partition_list_t* const partitions =
      rd_kafka_topic_partition_list_new(kPartitions);
  for (int partition = 0; partition < kPartitions; ++partition)
    rd_kafka_topic_partition_list_add(partitions, topic, partition)->offset = RD_KAFKA_OFFSET_END;
  if (rd_kafka_assign(reader, partitions) != RD_KAFKA_RESP_ERR_NO_ERROR) std::exit(1);
  rd_kafka_topic_partition_list_destroy(partitions);
  return reader;
}

/// The latencies of all `total` events in milliseconds; exits when they do not come.
std::vector<std::int64_t> Read(rd_kafka_t* reader, std::int64_t total) {
  std::vector<std::int64_t> latencies;
  std::int64_t read = 0;
  std::int64_t first = 0;
  auto last = std::chrono::steady_clock::now();
  while (read < total) {
    rd_kafka_message_t* const message = rd_kafka_consumer_poll(reader, 100);
    const auto now = std::chrono::steady_clock::now();
    if (now - last > kPatience) {
      std::fprintf(stderr, "%lld events are missing\n", static_cast<long long>(total - read));
      std::exit(1);
    }
    if (message == nullptr) continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
      last = now;
      const std::int64_t timestamp = rd_kafka_message_timestamp(message, nullptr);
      if (read++ == 0) first = timestamp;
      if (timestamp - first >= kWarmUpMs) latencies.push_back(WallMs() - timestamp);
    }
    rd_kafka_message_destroy(message);
  }
  return latencies;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) return 2;
  const int rate = std::atoi(argv[4]);
  const int seconds = std::atoi(argv[5]);
  rd_kafka_t* const reader = OpenReader(argv[1], argv[3]);
  // Until the reader stands at the end, nothing may be there that it would miss.
  rd_kafka_message_t* const nothing = rd_kafka_consumer_poll(reader, 3000);
  if (nothing != nullptr) rd_kafka_message_destroy(nothing);
  std::thread producer([&] { Produce(argv[1], argv[2], rate, seconds); });
  std::vector<std::int64_t> latencies = Read(reader, std::int64_t{rate} * seconds);
  producer.join();
  rd_kafka_consumer_close(reader);
  rd_kafka_destroy(reader);
  if (latencies.empty()) return 1;
  std::sort(latencies.begin(), latencies.end());
  const auto at = [&](double share) {
    return static_cast<long long>(
        latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))]);
  };
  std::printf("{\"events\":%zu,\"p50_ms\":%lld,\"p99_ms\":%lld,\"p999_ms\":%lld,\"max_ms\":%lld}\n",
              latencies.size(), at(0.5), at(0.99), at(0.999), at(1));
}
