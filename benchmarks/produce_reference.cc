// Writes events of 0.2 KB from memory with librdkafka, acknowledged by all in-sync replicas: what
// `semel serve` is compared with, which reads them from HTTP first.
//
// Usage: produce_reference BROKERS TOPIC EVENTS [PROPERTY=VALUE...]
#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kBytes = 200;

[[noreturn]] void End(const char* why) {
  std::fprintf(stderr, "produce_reference: %s\n", why);
  std::exit(1);
}

/// Of each event: one that was not delivered ends the program.
void OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) End(rd_kafka_err2str(message->err));
}

rd_kafka_t* Open(const char* brokers, char** more, int count) {
  char text[512];
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  const auto set = [&](const char* name, const char* value) {
    if (rd_kafka_conf_set(conf, name, value, text, sizeof(text)) != RD_KAFKA_CONF_OK) End(text);
  };
  set("bootstrap.servers", brokers);
  set("enable.idempotence", "true");
  set("queue.buffering.max.messages", "100000");
  for (int i = 0; i < count; ++i) {
    const std::string property = more[i];
    const std::size_t at = property.find('=');
    if (at == std::string::npos) End("PROPERTY=VALUE");
    set(property.substr(0, at).c_str(), property.c_str() + at + 1);
  }
  rd_kafka_conf_set_dr_msg_cb(conf, OnDelivery);
  rd_kafka_t* const producer = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
  if (producer == nullptr) End(text);
  return producer;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 4) End("BROKERS TOPIC EVENTS [PROPERTY=VALUE...]");
  rd_kafka_t* const producer = Open(argv[1], argv + 4, argc - 4);
  rd_kafka_topic_t* const topic = rd_kafka_topic_new(producer, argv[2], nullptr);
  // The text that http_load sends, with the number in its place.
  std::string value =
      R"({"event_id":"0000000000000000","what":"play","user":7654321,"content":123456,)"
      R"("position":1834,"device":"smart tv","country":"NL","at":"2026-11-24T10:00:00.000Z",)"
      R"("session":"1b9d6bcd-bbfd-4b2d"})";
  value.resize(kBytes, ' ');
  std::string key(kKeyBytes, '0');
  const long events = std::atol(argv[3]);
  for (long i = 0; i < events; ++i) {
    char digits[40];
    std::snprintf(digits, sizeof(digits), "%016lx%016lx",
                  static_cast<unsigned long>(i) * 0x9e3779b97f4a7c15UL,
                  static_cast<unsigned long>(i));
    key.assign(digits, kKeyBytes);
    value.replace(13, 16, digits + 16, 16);
    while (rd_kafka_produce(topic, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY, value.data(),
                            value.size(), key.data(), key.size(), nullptr) != 0) {
      if (rd_kafka_last_error() != RD_KAFKA_RESP_ERR__QUEUE_FULL) End("cannot produce");
      rd_kafka_poll(producer, 10);
    }
    if (i % 256 == 0) rd_kafka_poll(producer, 0);
  }
  if (rd_kafka_flush(producer, 60'000) != RD_KAFKA_RESP_ERR_NO_ERROR) End("cannot flush");
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(producer);
}
