#include "client/fetch_buffer.h"

#include <algorithm>

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
  batch_ = std::make_shared<kafka::RdkafkaBatch>(std::move(client));
  sources_.clear();
  at_ = 0;
  left_ = 0;
}

void FetchBuffer::Add(kafka::MessagePtr message, std::string_view topic, OwnedPartition& from) {
  from.fetched = message->offset + 1;
  ++from.buffered;
  batch_->Add(std::move(message));
  sources_.push_back({topic, &from});
  ++left_;
}

bool FetchBuffer::full() const {
  return batch_->size() >= kMostMessages || batch_->bytes() >= kMostBytes;
}

Message FetchBuffer::Take() {
  while (sources_[at_].partition == nullptr) ++at_;
  const Record& record = batch_->records()[at_];
  const Source& source = sources_[at_];
  ++at_;
  --left_;
  OwnedPartition& from = *source.partition;
  from.next = record.offset + 1;
  if (--from.buffered == 0) GoToEnd(from);
  return {source.topic, record.partition, record.offset,  record.timestamp_ms,
          record.key,   record.value,     record.headers, batch_};
}

void FetchBuffer::Drop(OwnedPartition& from) {
  for (std::size_t i = at_; i < sources_.size(); ++i) {
    if (sources_[i].partition != &from) continue;
    sources_[i].partition = nullptr;
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
