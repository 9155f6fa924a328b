#include "prove/topic_reader.h"

#include <numeric>

#include "kafka/admin.h"
#include "kafka/client_conf.h"
#include "kafka/instance.h"
#include "kafka/rdkafka_batch.h"
#include "kafka/rdkafka_handles.h"
#include "kafka/rdkafka_log_reader.h"

namespace semel::prove {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kAskTimeout{30'000};
constexpr milliseconds kSilenceMax{60'000};
constexpr std::size_t kBatchRecords = 1000;
constexpr int kPollMs = 200;

// Reads the partitions of one topic at once, up to given ends.
class Scan {
 public:
  Scan(const kafka::Instance& instance, const std::string& topic, const TopicReader::Visit& visit)
      : instance_(instance), topic_(topic), visit_(visit) {}

  Result<void> Run(const Offsets& ends) {
    left_ = ends;
    if (left_.empty()) return {};
    const auto list = kafka::NewPartitionList(left_.size());
    for (const auto& [partition, end] : left_)
      rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset =
          RD_KAFKA_OFFSET_BEGINNING;
    if (const auto code = rd_kafka_assign(instance_.get(), list.get());
        code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return instance_.Describe(code, "read " + topic_);
    kafka::Deadline silence(kSilenceMax);
    while (!left_.empty()) {
      SEMEL_TRY_ASSIGN(const bool heard, ReadBatch());
      if (instance_.broken()) return *instance_.broken();
      if (heard) {
        silence = kafka::Deadline(kSilenceMax);
      } else if (silence.passed()) {
        return instance_.Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, "read " + topic_);
      }
    }
    return {};
  }

 private:
  // False when the brokers sent nothing.
  Result<bool> ReadBatch() {
    kafka::RdkafkaBatch batch(nullptr);  // the client outlives it
    std::optional<Position> end;
    while (!end && batch.size() < kBatchRecords) {
      kafka::MessagePtr message(
          rd_kafka_consumer_poll(instance_.get(), batch.size() == 0 ? kPollMs : 0));
      if (message == nullptr) break;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        batch.Add(std::move(message));
      } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        end = Position{message->partition, message->offset};
      } else {
        // Passing faults are librdkafka's to retry; silence ends the wait for them.
        Error error = instance_.Describe(message->err, "read " + topic_,
                                         rd_kafka_message_errstr(message.get()));
        if (error.action != Action::kRetry) return error;
      }
    }
    batch.Finish();
    for (const Record& record : batch.records()) SEMEL_TRY(Take(record));
    if (end) Reached(*end);
    return end.has_value() || batch.size() > 0;
  }

  // What was appended after the ends were asked for does not count.
  Result<void> Take(const Record& record) {
    const auto left = left_.find(record.partition);
    if (left == left_.end()) return {};
    if (record.offset < left->second) return visit_(record);
    left_.erase(left);
    return {};
  }

  // The end may be behind control records, which are never seen; only the reader knows.
  void Reached(const Position& at) {
    const auto left = left_.find(at.partition);
    if (left != left_.end() && at.offset >= left->second) left_.erase(left);
  }

  const kafka::Instance& instance_;
  const std::string& topic_;
  const TopicReader::Visit& visit_;
  Offsets left_;  // partitions that are still being read
};

}  // namespace

Result<TopicReader> TopicReader::Open(const kafka::ClientSettings& settings,
                                      const std::string& group, const std::string& topic,
                                      Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(settings, logger));
  SEMEL_TRY_ASSIGN(const auto description, admin->Find(topic, kAskTimeout));
  SEMEL_TRY_ASSIGN(auto offsets, kafka::RdkafkaLogReader::Open(settings, {group, topic}, logger));
  return TopicReader(settings, topic, description.partitions, std::move(offsets), logger);
}

Result<TopicEnds> TopicReader::ReadAll(const Visit& visit) {
  TopicEnds ends;
  Offsets filled;
  for (std::int32_t partition = 0; partition < partitions_; ++partition) {
    SEMEL_TRY_ASSIGN(const auto marks, offsets_->Marks(topic_, partition, kAskTimeout));
    ends.stable[partition] = marks.last_stable;
    if (marks.high > marks.last_stable) ends.open[partition] = marks.last_stable;
    if (marks.last_stable > marks.low) filled[partition] = marks.last_stable;
  }
  SEMEL_TRY_ASSIGN(kafka::ConfPtr conf, kafka::LogReaderConf(settings_, "semel.prove", true));
  kafka::Instance::Parts parts;
  parts.name = "reader of " + topic_;
  parts.principal = kafka::Principal(settings_);
  SEMEL_TRY_ASSIGN(const auto instance, kafka::Instance::Open(RD_KAFKA_CONSUMER, std::move(conf),
                                                              std::move(parts), logger_));
  rd_kafka_poll_set_consumer(instance->get());
  SEMEL_TRY(Scan(*instance, topic_, visit).Run(filled));
  return ends;
}

Result<Offsets> TopicReader::Committed() {
  std::vector<kafka::Partition> partitions(static_cast<std::size_t>(partitions_));
  std::iota(partitions.begin(), partitions.end(), 0);
  SEMEL_TRY_ASSIGN(const auto committed, offsets_->Committed(partitions, kAskTimeout));
  Offsets offsets;
  for (const auto& [partition, at] : committed) offsets[partition] = at.offset;
  return offsets;
}

}  // namespace semel::prove
