#include "kafka/log_range.h"

#include <thread>

namespace semel::kafka {
namespace {

constexpr int kMetadataWithinMs = 1000;

// Brokers hear of a new topic one after the other; what none knows after that is not there.
constexpr Milliseconds kHearsay{2000};
constexpr Milliseconds kBetweenLooks{50};

bool SaysNotThere(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ||
         code == RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION || code == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
}

}  // namespace

// The table's "try again" is for a leader's move.
Error OfPartition(Error error, rd_kafka_resp_err_t code) {
  if (SaysNotThere(code)) error.action = Action::kStop;
  return error;
}

Result<LogRange> AskLogRange(const Instance& instance, const std::string& topic,
                             Partition partition, const Deadline& deadline) {
  const Deadline heard{kHearsay};
  while (true) {
    LogRange range;
    const auto code = rd_kafka_query_watermark_offsets(instance.get(), topic.c_str(), partition,
                                                       &range.low, &range.end, deadline.LeftMs());
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return range;
    // The query goes by cached metadata and does not renew it: after a leader moved it would fail
    // until the next regular refresh.
    const TopicPtr handle(rd_kafka_topic_new(instance.get(), topic.c_str(), nullptr));
    const rd_kafka_metadata_t* metadata = nullptr;
    if (rd_kafka_metadata(instance.get(), 0, handle.get(), &metadata, kMetadataWithinMs) ==
        RD_KAFKA_RESP_ERR_NO_ERROR)
      rd_kafka_metadata_destroy(metadata);
    if (!SaysNotThere(code) || heard.passed() || deadline.passed())
      return OfPartition(
          instance.Describe(code, "ask for the ends of " + Name(topic, partition), {}, "Describe"),
          code);
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace semel::kafka
