#include "kafka/rdkafka_batch.h"

namespace semel::kafka {

std::int64_t TimestampOf(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp;
}

void AddHeaders(const rd_kafka_message_t& message, std::vector<Header>& headers) {
  rd_kafka_headers_t* found = nullptr;
  if (rd_kafka_message_headers(&message, &found) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(found, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    headers.push_back({name, ToBytes(value, size)});
}

void RdkafkaBatch::Add(MessagePtr message) {
  Record& record = records_.emplace_back();
  record.partition = message->partition;
  record.offset = message->offset;
  record.timestamp_ms = TimestampOf(*message);
  record.key = ToBytes(message->key, message->key_len);
  record.value = ToBytes(message->payload, message->len);
  bytes_ += message->key_len + message->len;
  const std::size_t first = headers_.size();
  AddHeaders(*message, headers_);
  if (headers_.size() > first)
    header_ranges_.push_back({records_.size() - 1, first, headers_.size() - first});
  messages_.push_back(std::move(message));
}

void RdkafkaBatch::Finish() {
  const std::span<const Header> all = headers_;
  for (const auto& [record, first, count] : header_ranges_)
    records_[record].headers = all.subspan(first, count);
}

}  // namespace semel::kafka
