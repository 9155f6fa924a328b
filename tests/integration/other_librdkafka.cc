// Preloaded, it says in librdkafka's place which version that is: LIBRDKAFKA_VERSION, as in
// rd_kafka_version.
#include <cstdlib>
#include <string>

extern "C" int rd_kafka_version() {
  return static_cast<int>(std::strtol(std::getenv("LIBRDKAFKA_VERSION"), nullptr, 16));
}

extern "C" const char* rd_kafka_version_str() {
  static const std::string text = std::to_string(rd_kafka_version() >> 24 & 0xff) + "." +
                                  std::to_string(rd_kafka_version() >> 16 & 0xff) + "." +
                                  std::to_string(rd_kafka_version() >> 8 & 0xff);
  return text.c_str();
}
