#include "kafka/consumer_calls.h"

#include <thread>

#include "kafka/partition_list.h"

namespace semel::kafka {
namespace {

constexpr int kSliceMs = 20;
constexpr int kSomeSeeksMs = 1000;
constexpr int kSeekTimeoutsAreRight = 0x02010000;

// Before 2.1 rd_kafka_seek_partitions took its milliseconds for microseconds (#4230).
int SeekTimeout(int timeout_ms) {
  return rd_kafka_version() < kSeekTimeoutsAreRight ? timeout_ms * 1000 : timeout_ms;
}

}  // namespace

bool Cooperative(const Instance& instance) {
  const char* protocol = rd_kafka_rebalance_protocol(instance.get());
  return protocol != nullptr && std::string_view(protocol) == "COOPERATIVE";
}

Result<void> WaitUntilLeft(const Instance& instance, const std::string& what,
                           const Deadline& deadline, const CarryOut& carry_out) {
  rd_kafka_t* const rk = instance.get();
  while (true) {
    const MessagePtr dropped(rd_kafka_consumer_poll(rk, deadline.SliceMs(kSliceMs)));
    SEMEL_TRY(carry_out());
    // librdkafka forgets its member id when it sends the LeaveGroup.
    char* member = rd_kafka_memberid(rk);
    const bool left = member == nullptr || *member == '\0';
    if (member != nullptr) rd_kafka_mem_free(rk, member);
    if (left) return {};
    if (deadline.passed()) return instance.Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
  }
}

Result<void> WaitUntilClosed(const Instance& instance, const std::string& what,
                             const Deadline& deadline, const CarryOut& carry_out) {
  rd_kafka_t* const rk = instance.get();
  const QueuePtr queue(rd_kafka_queue_new(rk));
  SEMEL_TRY(instance.Check(rd_kafka_consumer_close_queue(rk, queue.get()), what));
  while (rd_kafka_consumer_closed(rk) == 0) {
    if (deadline.passed()) return instance.Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, what);
    // Records may still lie in the queue: rd_kafka_queue_poll_callback would assert on them.
    const MessagePtr dropped(rd_kafka_consume_queue(queue.get(), deadline.SliceMs(kSliceMs)));
    SEMEL_TRY(carry_out());
  }
  return {};
}

Result<void> MoveTo(const Instance& instance, Offsets offsets, const Deadline& deadline) {
  while (!offsets.empty()) {
    const PartitionListPtr list = ToList(offsets);
    const ErrorPtr error(rd_kafka_seek_partitions(instance.get(), list.get(),
                                                  SeekTimeout(deadline.SliceMs(kSomeSeeksMs))));
    rd_kafka_resp_err_t code =
        error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error.get());
    for (int i = 0; i < list->cnt; ++i) {
      const rd_kafka_topic_partition_t& entry = list->elems[i];
      if (entry.err == RD_KAFKA_RESP_ERR_NO_ERROR)
        offsets.erase({entry.topic, entry.partition});
      else
        code = entry.err;
    }
    if (offsets.empty()) break;
    if (deadline.passed()) return instance.Describe(code, "move to " + Text(offsets));
    std::this_thread::sleep_for(Milliseconds{deadline.SliceMs(kSliceMs)});
  }
  return {};
}

rd_kafka_resp_err_t CodeOf(const Instance& instance, const rd_kafka_message_t& message) {
  if (message.err != RD_KAFKA_RESP_ERR__FATAL) return message.err;
  return rd_kafka_fatal_error(instance.get(), nullptr, 0);
}

bool IsOutOfRange(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
         code == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
}

NotThere LookFor(const Instance& instance, const std::string& topic, Partition partition,
                 Offset offset) {
  constexpr int kAskMs = 1000;
  NotThere found{.text = Name(topic, partition) + ": offset " + std::to_string(offset) +
                         " is not there"};
  Offset low = 0;
  Offset high = 0;
  if (rd_kafka_query_watermark_offsets(instance.get(), topic.c_str(), partition, &low, &high,
                                       kAskMs) == RD_KAFKA_RESP_ERR_NO_ERROR) {
    found.text += "; the log is from " + std::to_string(low) + " to " + std::to_string(high);
    found.removed = offset < low;
  }
  return found;
}

std::optional<Error> ReadError(const Instance& instance, const rd_kafka_message_t& message,
                               const std::string& what) {
  const bool fatal = message.err == RD_KAFKA_RESP_ERR__FATAL;
  Error error =
      instance.Describe(CodeOf(instance, message), what, rd_kafka_message_errstr(&message), "Read");
  const bool passes = error.action == Action::kRetry || error.action == Action::kAbort;
  if (passes && !fatal) {
    instance.logger().Warning(error.message);
    return std::nullopt;
  }
  if (passes) error.action = Action::kFail;
  return error;
}

}  // namespace semel::kafka
