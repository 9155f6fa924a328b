#include "kafka/rdkafka_batch.h"

namespace semel::kafka {
namespace {

// librdkafka gives null for null and a non-null pointer for empty.
Bytes ToBytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

}  // namespace

std::int64_t TimestampOf(const rd_kafka_message_t& message) {
  rd_kafka_timestamp_type_t type = RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
  const std::int64_t timestamp = rd_kafka_message_timestamp(&message, &type);
  return type == RD_KAFKA_TIMESTAMP_NOT_AVAILABLE ? -1 : timestamp;
}

void RdkafkaBatch::Add(MessagePtr message) {
  Record& record = records_.emplace_back();
  record.partition = message->partition;
  record.offset = message->offset;
  record.timestamp_ms = TimestampOf(*message);
  record.key = ToBytes(message->key, message->key_len);
  record.value = ToBytes(message->payload, message->len);
  bytes_ += message->key_len + message->len;
  AddHeaders(*message);
  messages_.push_back(std::move(message));
}

void RdkafkaBatch::AddHeaders(rd_kafka_message_t& message) {
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
  const std::size_t first = headers_.size();
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    headers_.push_back({name, ToBytes(value, size)});
  header_ranges_.push_back({records_.size() - 1, first, headers_.size() - first});
}

void RdkafkaBatch::Finish() {
  const std::span<const Header> all = headers_;
  for (const auto& [record, first, count] : header_ranges_)
    records_[record].headers = all.subspan(first, count);
}

}  // namespace semel::kafka
