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

// The questions go by cached metadata and do not renew it: after a leader moved they would fail
// until the next regular refresh.
void RenewMetadata(const Instance& instance, const std::string& topic) {
  const TopicPtr handle(rd_kafka_topic_new(instance.get(), topic.c_str(), nullptr));
  const rd_kafka_metadata_t* metadata = nullptr;
  if (rd_kafka_metadata(instance.get(), 0, handle.get(), &metadata, kMetadataWithinMs) ==
      RD_KAFKA_RESP_ERR_NO_ERROR)
    rd_kafka_metadata_destroy(metadata);
}

/// Asks, and while the topic is not there, again.
template <typename Ask>
rd_kafka_resp_err_t AskPatiently(const Instance& instance, const std::string& topic,
                                 const Deadline& deadline, const Ask& ask) {
  const Deadline heard{kHearsay};
  while (true) {
    const rd_kafka_resp_err_t code = ask();
    if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return code;
    RenewMetadata(instance, topic);
    if (!SaysNotThere(code) || heard.passed() || deadline.passed()) return code;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace

// The table's "try again" is for a leader's move.
Error OfPartition(Error error, rd_kafka_resp_err_t code) {
  if (SaysNotThere(code)) error.action = Action::kStop;
  return error;
}

Result<LogRange> AskLogRange(const Instance& instance, const std::string& topic,
                             Partition partition, const Deadline& deadline) {
  LogRange range;
  const auto code = AskPatiently(instance, topic, deadline, [&] {
    return rd_kafka_query_watermark_offsets(instance.get(), topic.c_str(), partition, &range.low,
                                            &range.end, deadline.LeftMs());
  });
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return range;
  return OfPartition(
      instance.Describe(code, "ask for the ends of " + Name(topic, partition), {}, "Describe"),
      code);
}

Result<std::optional<Offset>> AskOffsetAt(const Instance& instance, const std::string& topic,
                                          Partition partition, std::int64_t time_ms,
                                          const Deadline& deadline) {
  const PartitionListPtr list = NewPartitionList(1);
  rd_kafka_topic_partition_t* entry =
      rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  const auto code = AskPatiently(instance, topic, deadline, [&] {
    entry->offset = time_ms;
    const auto asked = rd_kafka_offsets_for_times(instance.get(), list.get(), deadline.LeftMs());
    return asked == RD_KAFKA_RESP_ERR_NO_ERROR ? entry->err : asked;
  });
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return OfPartition(
        instance.Describe(code, "look up a time in " + Name(topic, partition), {}, "Describe"),
        code);
  if (entry->offset < 0) return std::optional<Offset>();
  return std::optional<Offset>(entry->offset);
}

}  // namespace semel::kafka
