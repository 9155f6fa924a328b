#include "client/fetch_buffer.h"

#include <algorithm>

#include "kafka/rdkafka_batch.h"

namespace semel {
namespace {

constexpr std::size_t kMostMessages = 1000;
constexpr std::size_t kMostBytes = std::size_t{4} << 20U;

// Behind the last message there may be control records; the position goes over them at the end.
void GoToEnd(OwnedPartition& partition) {
  if (partition.buffered > 0 || partition.end < 0) return;
  partition.next = std::max(partition.next, partition.end);
  partition.end_reached = true;
}

}  // namespace

void FetchBuffer::Start(std::shared_ptr<const void> client) {
  batch_ = std::make_shared<Batch>();
  batch_->client = std::move(client);
  batch_->entries.reserve(kMostMessages);
  bytes_ = 0;
  at_ = 0;
  left_ = 0;
}

void FetchBuffer::Add(kafka::MessagePtr message, std::string_view topic, OwnedPartition& from) {
  from.fetched = message->offset + 1;
  ++from.buffered;
  bytes_ += message->key_len + message->len;
  batch_->entries.push_back({std::move(message), topic, &from});
  ++left_;
}

bool FetchBuffer::full() const {
  return batch_->entries.size() >= kMostMessages || bytes_ >= kMostBytes;
}

Message FetchBuffer::Take() {
  while (batch_->entries[at_].partition == nullptr) ++at_;
  const Entry& entry = batch_->entries[at_++];
  --left_;
  OwnedPartition& from = *entry.partition;
  const rd_kafka_message_t& source = *entry.message;
  from.next = source.offset + 1;
  if (--from.buffered == 0) GoToEnd(from);
  std::span<const Header> headers;
  std::vector<Header> found;
  kafka::AddHeaders(source, found);
  if (!found.empty()) headers = batch_->headers.emplace_back(std::move(found));
  return {entry.topic,
          source.partition,
          source.offset,
          kafka::TimestampOf(source),
          kafka::ToBytes(source.key, source.key_len),
          kafka::ToBytes(source.payload, source.len),
          headers,
          batch_};
}

void FetchBuffer::Drop(OwnedPartition& from) {
  for (std::size_t i = at_; left_ > 0 && i < batch_->entries.size(); ++i) {
    if (batch_->entries[i].partition != &from) continue;
    batch_->entries[i].partition = nullptr;
    --left_;
  }
  from.buffered = 0;
  from.fetched = from.next;
}

void NoteEnd(OwnedPartition& partition, std::int64_t offset) {
  partition.end = offset;
  GoToEnd(partition);
}

void PlaceAt(OwnedPartition& partition, std::int64_t offset) {
  partition.next = offset;
  partition.fetched = offset;
  partition.end = -1;
  partition.end_reached = false;
}

}  // namespace semel
