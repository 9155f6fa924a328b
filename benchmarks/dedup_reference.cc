// What `semel dedup` is measured against: the shortest program that reads a topic, drops copies by
// message key and writes the rest in transactions, on librdkafka as it comes. It remembers in
// memory only, so a restart forgets everything; it checks nothing.
//
// Usage: dedup_reference BROKERS FROM TO; ends at the end of the input.
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>
#include <unordered_set>

#include "client.h"

namespace {

void Check(rd_kafka_error_t* error) {
  if (error == nullptr) return;
  std::fprintf(stderr, "%s\n", rd_kafka_error_string(error));
  std::exit(1);
}

void Check(rd_kafka_resp_err_t error) {
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
  std::fprintf(stderr, "%s\n", rd_kafka_err2str(error));
  std::exit(1);
}

void Forward(rd_kafka_t* producer, const std::string& to, rd_kafka_message_t* message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
    headers = rd_kafka_headers_copy(headers);
  const auto send = [&] {
    return rd_kafka_producev(
        producer, RD_KAFKA_V_TOPIC(to.c_str()), RD_KAFKA_V_PARTITION(message->partition),
        RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(message->key, message->key_len),
        RD_KAFKA_V_VALUE(message->payload, message->len),
        RD_KAFKA_V_TIMESTAMP(rd_kafka_message_timestamp(message, nullptr)),
        RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);
  };
  rd_kafka_resp_err_t error = send();
  while (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) {
    rd_kafka_poll(producer, 10);
    error = send();
  }
  Check(error);
}

void Commit(rd_kafka_t* consumer, rd_kafka_t* producer) {
  rd_kafka_topic_partition_list_t* positions = nullptr;
  Check(rd_kafka_assignment(consumer, &positions));
  Check(rd_kafka_position(consumer, positions));
  rd_kafka_consumer_group_metadata_t* const group = rd_kafka_consumer_group_metadata(consumer);
  Check(rd_kafka_send_offsets_to_transaction(producer, positions, group, -1));
  Check(rd_kafka_commit_transaction(producer, -1));
  rd_kafka_consumer_group_metadata_destroy(group);
  rd_kafka_topic_partition_list_destroy(positions);
}

}  // namespace

int main(int argc, char** argv) {
  using Clock = std::chrono::steady_clock;
  if (argc != 4 && argc != 5) return 2;
  const bool until_end = argc == 4;  // any fifth argument: until it is killed
  const std::string brokers = argv[1];
  const std::string to = argv[3];
  rd_kafka_t* const consumer = OpenClient(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers},
                                                              {"group.id", "reference." + to},
                                                              {"enable.auto.commit", "false"},
                                                              {"auto.offset.reset", "earliest"},
                                                              {"enable.partition.eof", "true"}});
  rd_kafka_t* const producer =
      OpenClient(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers},
                                     {"transactional.id", "reference." + to},
                                     {"compression.codec", "lz4"}});
  rd_kafka_poll_set_consumer(consumer);
  rd_kafka_topic_partition_list_t* const topics = rd_kafka_topic_partition_list_new(1);
  rd_kafka_topic_partition_list_add(topics, argv[2], RD_KAFKA_PARTITION_UA);
  Check(rd_kafka_subscribe(consumer, topics));
  Check(rd_kafka_init_transactions(producer, 30'000));

  std::unordered_set<std::string> seen;
  std::set<int> ended;
  std::size_t read = 0;
  int assigned = 0;
  while (!until_end || assigned == 0 || ended.size() < static_cast<std::size_t>(assigned)) {
    Check(rd_kafka_begin_transaction(producer));
    const auto until = Clock::now() + std::chrono::milliseconds(100);
    while (Clock::now() < until) {
      rd_kafka_message_t* const message = rd_kafka_consumer_poll(consumer, 10);
      if (message == nullptr) continue;
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        ended.insert(message->partition);
      } else if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ++read;
        if (seen.emplace(static_cast<const char*>(message->key), message->key_len).second)
          Forward(producer, to, message);
      }
      rd_kafka_message_destroy(message);
      rd_kafka_poll(producer, 0);
    }
    Commit(consumer, producer);
    rd_kafka_topic_partition_list_t* partitions = nullptr;
    Check(rd_kafka_assignment(consumer, &partitions));
    if (assigned == 0 && partitions->cnt > 0) std::fprintf(stderr, "assigned\n");
    assigned = partitions->cnt;
    rd_kafka_topic_partition_list_destroy(partitions);
  }
  std::printf("{\"read\":%zu,\"unique\":%zu}\n", read, seen.size());
  Check(rd_kafka_consumer_close(consumer));
  rd_kafka_destroy(producer);
  rd_kafka_destroy(consumer);
}
