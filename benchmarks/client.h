// A client of librdkafka for the programs here, which end when something fails.
#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <string>
#include <utility>

inline rd_kafka_t* OpenClient(
    rd_kafka_type_t type, std::initializer_list<std::pair<const char*, std::string>> properties) {
  char text[512];
  rd_kafka_conf_t* const conf = rd_kafka_conf_new();
  for (const auto& [name, value] : properties) {
    if (rd_kafka_conf_set(conf, name, value.c_str(), text, sizeof(text)) != RD_KAFKA_CONF_OK) {
      std::fprintf(stderr, "%s\n", text);
      std::exit(1);
    }
  }
  rd_kafka_t* const client = rd_kafka_new(type, conf, text, sizeof(text));
  if (client == nullptr) {
    std::fprintf(stderr, "%s\n", text);
    std::exit(1);
  }
  return client;
}
