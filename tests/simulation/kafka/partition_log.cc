#include "partition_log.h"

#include <algorithm>
#include <utility>

namespace semel::simulation {
namespace {

constexpr std::size_t kBatchOverhead = 61;
constexpr std::size_t kRecordOverhead = 10;

std::size_t SizeOf(const std::optional<std::string>& bytes) { return bytes ? bytes->size() : 0; }

}  // namespace

std::size_t StoredRecord::Bytes() const {
  std::size_t size = kRecordOverhead + SizeOf(key) + SizeOf(value);
  for (const StoredHeader& header : headers) size += header.name.size() + SizeOf(header.value) + 2;
  return size;
}

PartitionLog::Appended PartitionLog::Append(RecordBatch batch, std::int64_t now_ms) {
  std::size_t bytes = kBatchOverhead;
  for (const StoredRecord& record : batch.records) bytes += record.Bytes();
  if (bytes > config_.max_message_bytes) return {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, -1, -1};
  const auto count = static_cast<std::int32_t>(batch.records.size());
  const std::int64_t append_time = config_.log_append_time ? now_ms : -1;
  if (batch.producer.id >= 0) {
    const auto verdict = producers_.Check(batch.producer, batch.first_sequence, count);
    if (verdict.error != kNoError) return {verdict.error, -1, -1};
    if (verdict.appended_before)
      return {kNoError, *verdict.appended_before,
              config_.log_append_time ? at(*verdict.appended_before).time_ms : -1};
    producers_.Appended(batch.producer, batch.first_sequence, count, high(), batch.transactional);
  }
  const kafka::Offset first = high();
  for (StoredRecord& record : batch.records) {
    record.state = batch.transactional ? StoredRecord::State::kOpen : StoredRecord::State::kPlain;
    record.producer = batch.producer;
    if (config_.log_append_time) record.time_ms = now_ms;
    records_.push_back(std::move(record));
  }
  Moved();
  return {kNoError, first, append_time};
}

ErrorCode PartitionLog::AppendMarker(ProducerIdAndEpoch producer, bool commit,
                                     std::int64_t now_ms) {
  if (const ErrorCode error = producers_.CheckMarker(producer); error != kNoError) return error;
  if (const auto first = producers_.Ended(producer)) {
    for (auto offset = static_cast<std::size_t>(*first); offset < records_.size(); ++offset) {
      StoredRecord& record = records_[offset];
      if (record.producer.id != producer.id || record.state != StoredRecord::State::kOpen) continue;
      record.state = commit ? StoredRecord::State::kCommitted : StoredRecord::State::kAborted;
    }
  }
  records_.push_back(
      {.state = StoredRecord::State::kMarker, .time_ms = now_ms, .producer = producer});
  Moved();
  return kNoError;
}

void PartitionLog::MoveStart(kafka::Offset offset) {
  low_ = std::clamp(offset, low_, high());
  Moved();
}

kafka::Offset PartitionLog::last_stable() const {
  return std::max(low_, producers_.FirstOpen().value_or(high()));
}

bool PartitionLog::Visible(kafka::Offset offset) const {
  using enum StoredRecord::State;
  const StoredRecord::State state = at(offset).state;
  return state == kPlain || state == kCommitted;
}

std::optional<kafka::Offset> PartitionLog::OffsetAt(std::int64_t time_ms, kafka::Offset end) const {
  for (kafka::Offset offset = low_; offset < end; ++offset) {
    if (at(offset).time_ms >= time_ms) return offset;
  }
  return std::nullopt;
}

void PartitionLog::WhenMoved(std::weak_ptr<void> asker, std::function<void()> call) {
  constexpr std::size_t kMany = 32;
  if (waiting_.size() >= kMany)
    std::erase_if(waiting_, [](const auto& entry) { return entry.first.expired(); });
  waiting_.emplace_back(std::move(asker), std::move(call));
}

void PartitionLog::Moved() {
  for (const auto& [asker, call] : std::exchange(waiting_, {})) {
    if (const auto alive = asker.lock()) call();
  }
}

}  // namespace semel::simulation
