#include "kafka/metadata.h"

namespace semel::kafka {
namespace {

constexpr int kSliceMs = 500;          // how often a wait looks whether there is any hope
constexpr int kHandshakePatience = 3;  // slices; another of the brokers may be in order

}  // namespace

// librdkafka waits for a broker for as long as it is told to, also for one that refused us.
Result<MetadataPtr> AskMetadata(const Instance& instance, rd_kafka_topic_t* only, bool all,
                                const Deadline& deadline, const std::string& what,
                                const std::function<void()>& serve) {
  int slice = kSliceMs;
  int handshakes = 0;
  while (true) {
    const rd_kafka_metadata_t* metadata = nullptr;
    const auto code =
        rd_kafka_metadata(instance.get(), all ? 1 : 0, only, &metadata, deadline.SliceMs(slice));
    serve();
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return MetadataPtr(metadata);
    if (instance.broken()) return *instance.broken();
    const bool no_broker = code == RD_KAFKA_RESP_ERR__TRANSPORT;
    if (no_broker && instance.handshake_failed()) ++handshakes;
    const bool again = no_broker || code == RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (!again || deadline.passed() || handshakes == kHandshakePatience)
      return instance.Describe(code, what);
    if (!no_broker) slice *= 2;  // it is there, and slow: its answer needs longer than that
  }
}

}  // namespace semel::kafka
