#include "ingest/partition_queue.h"

#include <algorithm>

namespace semel::ingest {
namespace {

constexpr std::size_t kRecordOverhead = 64;  // of a record in its batch, beside key and value
const std::vector<HeldEvent> kNothing;

}  // namespace

const std::vector<HeldEvent>& PartitionQueue::Begin(std::size_t bytes_max) {
  // Who answers the last one asks again, and then sees what was held before this look.
  if (under_way_ > 0) return kNothing;
  const std::lock_guard lock(mutex_);
  if (under_way_ > 0) return kNothing;
  refused_ = 0;
  if (!alone_.empty()) {
    batch_.assign(1, alone_.front());
    alone_.pop_front();
    under_way_ = 2;
    return batch_;
  }
  if (held_.empty()) return kNothing;
  std::size_t count = 0;
  for (std::size_t bytes = 0; count < held_.size(); ++count) {
    bytes += held_[count].bytes() + kRecordOverhead;
    if (count > 0 && bytes > bytes_max) break;
  }
  batch_.clear();
  if (count == held_.size()) {
    batch_.swap(held_);
  } else {
    const auto end = held_.begin() + static_cast<std::ptrdiff_t>(count);
    batch_.assign(held_.begin(), end);
    held_.erase(held_.begin(), end);
  }
  under_way_ = batch_.size() + 1;
  return batch_;
}

PartitionQueue::Left PartitionQueue::Refused(const Event& event) {
  {
    const std::lock_guard lock(mutex_);
    // Reports come in the order of the batch.
    while (&batch_[refused_].event() != &event) refused_ = (refused_ + 1) % batch_.size();
    alone_.push_back(batch_[refused_]);
    refused_ = (refused_ + 1) % batch_.size();
  }
  return Answered(true);
}

std::vector<HeldEvent> PartitionQueue::TakeOlder(HeldEvent::Time limit) {
  const auto is_younger = [limit](const HeldEvent& held) { return held.since() >= limit; };
  const std::lock_guard lock(mutex_);
  const auto alone_end = std::ranges::find_if(alone_, is_younger);
  std::vector<HeldEvent> older(alone_.begin(), alone_end);
  alone_.erase(alone_.begin(), alone_end);
  const auto end = std::ranges::find_if(held_, is_younger);
  older.insert(older.end(), held_.begin(), end);
  held_.erase(held_.begin(), end);
  return older;
}

}  // namespace semel::ingest
