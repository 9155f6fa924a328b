#include "fake_broker.h"

#include <algorithm>

namespace semel::testing {

ProducerEpoch FakeBroker::Init(const std::string& id) {
  Ongoing& ongoing = ongoing_[id];
  if (ongoing.open) End(id, ongoing.prepared);
  return {id, ++ongoing.epoch};
}

bool FakeBroker::Current(const ProducerEpoch& producer) const {
  const auto found = ongoing_.find(producer.id);
  return found != ongoing_.end() && found->second.epoch == producer.epoch;
}

void FakeBroker::Begin(const ProducerEpoch& producer, std::optional<TimePoint> now) {
  ongoing_.at(producer.id).open = true;
  ongoing_.at(producer.id).begun = now;
}

void FakeBroker::Expire(TimePoint now) {
  constexpr std::chrono::seconds kTimeout{15};  // 5 s, looked at every 10 s
  for (auto& [id, ongoing] : ongoing_) {
    if (ongoing.open && ongoing.begun && now - *ongoing.begun > kTimeout) Init(id);
  }
}

kafka::Offset FakeBroker::Append(const ProducerEpoch& producer, const std::string& topic,
                                 kafka::Partition partition, StoredRecord record) {
  record.state = StoredRecord::State::kOpen;
  const kafka::Offset offset = Log(topic, partition).Append(std::move(record));
  ongoing_.at(producer.id).written[{topic, partition}].push_back(offset);
  return offset;
}

void FakeBroker::AddOffsets(const ProducerEpoch& producer,
                            const std::map<kafka::Partition, kafka::CommittedOffset>& offsets) {
  for (const auto& [partition, offset] : offsets)
    ongoing_.at(producer.id).offsets[partition] = offset;
}

void FakeBroker::End(const std::string& id, bool commit) {
  Ongoing& ongoing = ongoing_.at(id);
  const auto state = commit ? StoredRecord::State::kCommitted : StoredRecord::State::kAborted;
  for (const auto& [where, offsets] : ongoing.written) logs_.at(where).Decide(offsets, state);
  if (commit) {
    for (const auto& [partition, offset] : ongoing.offsets) committed[partition] = offset;
  }
  ongoing.open = ongoing.prepared = false;
  ongoing.written.clear();
  ongoing.offsets.clear();
}

bool FakeBroker::HasOpen(const std::string& id) const {
  const auto found = ongoing_.find(id);
  return found != ongoing_.end() && found->second.open;
}

bool FakeBroker::Wrote(const std::string& id, const std::string& topic,
                       kafka::Partition partition) const {
  const auto found = ongoing_.find(id);
  return found != ongoing_.end() && found->second.written.contains({topic, partition});
}

bool FakeBroker::Undecided(kafka::Partition partition) const {
  return std::any_of(ongoing_.begin(), ongoing_.end(),
                     [&](const auto& entry) { return entry.second.offsets.contains(partition); });
}

}  // namespace semel::testing
