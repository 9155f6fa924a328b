#include "fake_log.h"

namespace semel::testing {

kafka::Offset FakeLog::Append(StoredRecord record) {
  const kafka::Offset offset = high();
  if (record.state == StoredRecord::State::kOpen) open_.insert(offset);
  records_.push_back(std::move(record));
  return offset;
}

void FakeLog::Decide(const std::vector<kafka::Offset>& offsets, StoredRecord::State state) {
  for (const kafka::Offset offset : offsets) {
    records_.at(static_cast<std::size_t>(offset)).state = state;
    open_.erase(offset);
  }
  Append({.state = StoredRecord::State::kMarker});
}

std::vector<std::pair<kafka::Offset, const StoredRecord*>> FakeLog::ReadCommitted() const {
  std::vector<std::pair<kafka::Offset, const StoredRecord*>> visible;
  for (kafka::Offset offset = low_; offset < last_stable(); ++offset) {
    if (Visible(offset)) visible.emplace_back(offset, &at(offset));
  }
  return visible;
}

std::vector<std::string> FakeLog::Values() const {
  std::vector<std::string> values;
  for (const auto& [offset, record] : ReadCommitted())
    values.push_back(record->value.value_or("(null)"));
  return values;
}

}  // namespace semel::testing
