#include "kafka/rdkafka_log_reader.h"

#include <thread>

#include "kafka/client_conf.h"
#include "kafka/log_range.h"
#include "kafka/rdkafka_batch.h"

namespace semel::kafka {
namespace {

constexpr int kSliceMs = 200;
constexpr Milliseconds kBetweenQuestions{100};

/// librdkafka looks for the new one, but gives the question that met the old one back.
bool IsElsewhere(rd_kafka_resp_err_t code) {
  return code == RD_KAFKA_RESP_ERR_NOT_COORDINATOR ||
         code == RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE ||
         code == RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS;
}

}  // namespace

Result<std::unique_ptr<RdkafkaLogReader>> RdkafkaLogReader::Open(const ClientSettings& settings,
                                                                 LogReaderOptions options,
                                                                 Logger& logger) {
  std::unique_ptr<RdkafkaLogReader> reader(new RdkafkaLogReader(std::move(options)));
  for (const bool committed_only : {true, false}) {
    SEMEL_TRY_ASSIGN(ConfPtr conf, LogReaderConf(settings, reader->options_.group, committed_only));
    Instance::Parts parts;
    parts.name =
        (committed_only ? "log reader of " : "watermark reader of ") + reader->options_.group;
    parts.principal = Principal(settings);
    parts.credentials = settings.credentials;
    auto& instance = committed_only ? reader->committed_ : reader->uncommitted_;
    SEMEL_TRY_ASSIGN(instance,
                     Instance::Open(RD_KAFKA_CONSUMER, std::move(conf), std::move(parts), logger));
    rd_kafka_poll_set_consumer(instance->get());
  }
  return reader;
}

Result<std::map<Partition, CommittedOffset>> RdkafkaLogReader::Committed(
    std::span<const Partition> partitions, Milliseconds timeout) {
  const PartitionListPtr list = NewPartitionList(partitions.size());
  for (const Partition partition : partitions)
    rd_kafka_topic_partition_list_add(list.get(), options_.input_topic.c_str(), partition);
  const std::string what =
      "read the committed offsets of group " + options_.group + " for " + options_.input_topic;
  const Deadline deadline(timeout);
  auto code = rd_kafka_committed(committed_->get(), list.get(), deadline.LeftMs());
  while (IsElsewhere(code) && !deadline.passed()) {
    std::this_thread::sleep_for(kBetweenQuestions);
    code = rd_kafka_committed(committed_->get(), list.get(), deadline.LeftMs());
  }
  if (code == RD_KAFKA_RESP_ERR__TIMED_OUT)  // librdkafka hides what it was waiting for
    return committed_->Describe(code, what, "timed out; maybe a transaction with them is open");
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return committed_->Describe(code, what);
  std::map<Partition, CommittedOffset> result;
  for (int i = 0; i < list->cnt; ++i) {
    const rd_kafka_topic_partition_t& entry = list->elems[i];
    if (entry.err != RD_KAFKA_RESP_ERR_NO_ERROR) return committed_->Describe(entry.err, what);
    if (entry.offset < 0) continue;
    result[entry.partition] = {
        entry.offset, std::string(static_cast<const char*>(entry.metadata), entry.metadata_size)};
  }
  return result;
}

Result<Watermarks> RdkafkaLogReader::Marks(const std::string& topic, Partition partition,
                                           Milliseconds timeout) {
  const Deadline deadline{timeout};
  // The stable end first: asked later, it could not be told from an end that moved meanwhile.
  SEMEL_TRY_ASSIGN(const LogRange stable, AskLogRange(*committed_, topic, partition, deadline));
  SEMEL_TRY_ASSIGN(const LogRange all, AskLogRange(*uncommitted_, topic, partition, deadline));
  return Watermarks{all.low, stable.end, all.end};
}

Result<Offset> RdkafkaLogReader::OffsetAt(const std::string& topic, Partition partition,
                                          std::int64_t time_ms, Milliseconds timeout) {
  const Deadline deadline{timeout};
  SEMEL_TRY_ASSIGN(const std::optional<Offset> found,
                   AskOffsetAt(*uncommitted_, topic, partition, time_ms, deadline));
  if (found) return *found;
  SEMEL_TRY_ASSIGN(const LogRange all, AskLogRange(*uncommitted_, topic, partition, deadline));
  return all.end;
}

Result<void> RdkafkaLogReader::Assign(const Instance& instance, const std::string& topic,
                                      Partition partition, Offset from) {
  const PartitionListPtr list = NewPartitionList(1);
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = from;
  if (const auto code = rd_kafka_assign(instance.get(), list.get());
      code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return instance.Describe(code, "read " + Name(topic, partition));
  return {};
}

Result<void> RdkafkaLogReader::Open(const std::string& topic, Partition partition, Offset from) {
  Close();
  SEMEL_TRY(Assign(*committed_, topic, partition, from));
  topic_ = topic;
  partition_ = partition;
  next_ = from;
  return {};
}

Result<LogSlice> RdkafkaLogReader::Read(Milliseconds timeout, std::size_t max_bytes) {
  messages_.clear();
  LogSlice slice;
  std::size_t bytes = 0;
  int wait = Deadline(timeout).LeftMs();
  while (bytes < max_bytes && !slice.end) {
    MessagePtr message(rd_kafka_consumer_poll(committed_->get(), wait));
    if (message == nullptr) break;
    wait = 0;
    const std::size_t size = message->len;
    SEMEL_TRY_ASSIGN(const bool taken, Take(std::move(message), slice));
    if (taken) bytes += size;
  }
  if (committed_->broken()) return *committed_->broken();
  return slice;
}

Result<bool> RdkafkaLogReader::Take(MessagePtr message, LogSlice& slice) {
  const bool ours = message->rkt != nullptr && partition_ == message->partition &&
                    topic_ == rd_kafka_topic_name(message->rkt);
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (ours && message->offset >= next_) slice.end = message->offset;
    return false;
  }
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (message->rkt != nullptr && !ours) return false;
    Error error = OfPartition(committed_->Describe(message->err, "read " + Name(topic_, partition_),
                                                   rd_kafka_message_errstr(message.get()), "Read"),
                              message->err);
    if (error.action != Action::kRetry) return error;
    committed_->logger().Warning(error.message);
    return false;
  }
  if (!ours || message->offset < next_) return false;
  next_ = message->offset + 1;
  slice.records.push_back({message->offset, TimestampOf(*message),
                           std::string_view(static_cast<const char*>(message->payload),
                                            message->payload == nullptr ? 0 : message->len)});
  messages_.push_back(std::move(message));
  return true;
}

void RdkafkaLogReader::Close() {
  messages_.clear();
  if (partition_ < 0) return;
  rd_kafka_assign(committed_->get(), nullptr);
  partition_ = -1;
}

Result<std::optional<std::string>> RdkafkaLogReader::PeekUncommitted(const std::string& topic,
                                                                     Partition partition,
                                                                     Offset from,
                                                                     Milliseconds timeout) {
  const Deadline deadline{timeout};
  SEMEL_TRY_ASSIGN(const LogRange all, AskLogRange(*uncommitted_, topic, partition, deadline));
  if (from >= all.end) return std::optional<std::string>();
  SEMEL_TRY(Assign(*uncommitted_, topic, partition, std::max(from, all.low)));
  Result<std::optional<std::string>> found =
      uncommitted_->Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, "read " + Name(topic, partition));
  while (!deadline.passed()) {
    const MessagePtr message(
        rd_kafka_consumer_poll(uncommitted_->get(), deadline.SliceMs(kSliceMs)));
    if (message == nullptr || message->rkt == nullptr || message->partition != partition ||
        topic != rd_kafka_topic_name(message->rkt))
      continue;
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
      found = std::optional<std::string>(std::in_place, static_cast<const char*>(message->payload),
                                         message->len);
    else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
      found = std::optional<std::string>();
    else
      found = uncommitted_->Describe(message->err, "read " + Name(topic, partition), {}, "Read");
    break;
  }
  rd_kafka_assign(uncommitted_->get(), nullptr);
  return found;
}

}  // namespace semel::kafka
