// Writes the topic for the comparison: events of `semel prove`, with the event's id as message key,
// so that a program that knows nothing but keys finds the same copies.
//
// Usage: dedup_input BROKERS TOPIC PARTITIONS RECORDS small|view-event
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "client.h"
#include "prove/stream.h"

int main(int argc, char** argv) {
  using namespace semel::prove;
  if (argc != 6) return 2;
  rd_kafka_t* const producer = OpenClient(RD_KAFKA_PRODUCER, {{"bootstrap.servers", argv[1]},
                                                              {"enable.idempotence", "true"},
                                                              {"compression.codec", "lz4"},
                                                              {"linger.ms", "50"}});
  Stream stream({.shape = std::string(argv[5]) == "small" ? Shape::kSmall : Shape::kViewEvent,
                 .partitions = std::atoi(argv[3]),
                 .window_ms = std::int64_t{7} * 24 * 3'600'000});
  const long records = std::atol(argv[4]);
  for (long i = 0; i < records; ++i) {
    const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
        std::chrono::system_clock::now().time_since_epoch());
    const StreamRecord record = stream.Next(now.count());
    const auto send = [&] {
      return rd_kafka_producev(
          producer, RD_KAFKA_V_TOPIC(argv[2]), RD_KAFKA_V_PARTITION(record.partition),
          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
          RD_KAFKA_V_KEY(record.event_id.data(), record.event_id.size()),
          RD_KAFKA_V_VALUE(const_cast<char*>(record.value->data()), record.value->size()),
          RD_KAFKA_V_TIMESTAMP(now.count()), RD_KAFKA_V_END);
    };
    rd_kafka_resp_err_t error = send();
    while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      rd_kafka_poll(producer, 100);
      error = send();
    }
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return 1;
    rd_kafka_poll(producer, 0);
  }
  if (rd_kafka_flush(producer, 120'000) != RD_KAFKA_RESP_ERR_NO_ERROR) return 1;
  rd_kafka_destroy(producer);
}
