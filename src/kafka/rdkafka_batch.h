// Records as views into librdkafka's messages, which the batch owns.
#pragma once

#include <memory>
#include <vector>

#include "kafka/client.h"
#include "kafka/rdkafka_handles.h"

namespace semel::kafka {

class RdkafkaBatch final : public Batch {
 public:
  /// `client` is whose messages they are: librdkafka wants them to be gone before it.
  explicit RdkafkaBatch(std::shared_ptr<const void> client) : client_(std::move(client)) {}

  /// Takes a message that holds a record (no error).
  void Add(MessagePtr message);

  /// To be called once, after the last Add and before records().
  void Finish();

  std::span<const Record> records() const override { return records_; }
  std::size_t size() const { return records_.size(); }
  /// Keys and values; the headers are left out.
  std::size_t bytes() const override { return bytes_; }

 private:
  struct HeaderRange {
    std::size_t record;
    std::size_t first;
    std::size_t count;
  };

  std::shared_ptr<const void> client_;
  std::vector<MessagePtr> messages_;
  std::vector<Record> records_;
  std::vector<Header> headers_;             // of all records; grows, so spans are set by Finish
  std::vector<HeaderRange> header_ranges_;  // only of records that have headers
  std::size_t bytes_ = 0;
};

/// librdkafka gives null for null and a non-null pointer for empty.
inline Bytes ToBytes(const void* data, std::size_t size) {
  if (data == nullptr) return std::nullopt;
  return std::string_view(static_cast<const char*>(data), size);
}

/// Adds views of the message's headers.
void AddHeaders(const rd_kafka_message_t& message, std::vector<Header>& headers);

/// The record's time, or -1 where it has none.
std::int64_t TimestampOf(const rd_kafka_message_t& message);

}  // namespace semel::kafka
