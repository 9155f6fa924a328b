#include "scripted_log_reader.h"

namespace semel::testing {
namespace {

std::string Name(const std::string& topic, kafka::Partition partition) {
  return topic + "/" + std::to_string(partition);
}

}  // namespace

Result<void> ScriptedLogReader::Ask(Call call, const std::string& text,
                                    kafka::Milliseconds timeout) {
  const auto entered = kafka_.Enter(call, text);
  if (!entered && entered.error().action == Action::kRetry) TimeOut(kafka_.clock, timeout);
  return entered;
}

Result<std::map<kafka::Partition, kafka::CommittedOffset>> ScriptedLogReader::Committed(
    std::span<const kafka::Partition> partitions, kafka::Milliseconds timeout) {
  std::string text = "committed";
  for (const kafka::Partition partition : partitions)
    text.append(" ").append(std::to_string(partition));
  SEMEL_TRY(Ask(Call::kCommitted, text, timeout));
  std::map<kafka::Partition, kafka::CommittedOffset> found;
  for (const kafka::Partition partition : partitions) {
    if (kafka_.broker.Undecided(partition)) {
      TimeOut(kafka_.clock, timeout);
      return Error{Action::kRetry, "an offset is undecided"};
    }
    const auto& committed = kafka_.broker.committed;
    if (const auto offset = committed.find(partition); offset != committed.end())
      found[partition] = offset->second;
  }
  return found;
}

Result<kafka::Watermarks> ScriptedLogReader::Marks(const std::string& topic,
                                                   kafka::Partition partition,
                                                   kafka::Milliseconds timeout) {
  SEMEL_TRY(Ask(Call::kMarks, "marks " + Name(topic, partition), timeout));
  const FakeLog& log = kafka_.broker.Log(topic, partition);
  return kafka::Watermarks{log.low(), log.last_stable(), log.high()};
}

Result<kafka::Offset> ScriptedLogReader::OffsetAt(const std::string& topic,
                                                  kafka::Partition partition, std::int64_t time_ms,
                                                  kafka::Milliseconds timeout) {
  SEMEL_TRY(Ask(Call::kOffsetAt, "offset at " + Name(topic, partition), timeout));
  const FakeLog& log = kafka_.broker.Log(topic, partition);
  for (kafka::Offset offset = log.low(); offset < log.high(); ++offset) {
    if (log.at(offset).time_ms >= time_ms) return offset;
  }
  return log.high();
}

Result<void> ScriptedLogReader::Open(const std::string& topic, kafka::Partition partition,
                                     kafka::Offset from) {
  SEMEL_TRY(
      kafka_.Enter(Call::kOpen, "open " + Name(topic, partition) + "@" + std::to_string(from)));
  const FakeLog& log = kafka_.broker.Log(topic, partition);
  if (from < log.low() || from > log.high())
    ScriptedKafka::Breach("reading " + Name(topic, partition) + " from outside of the log");
  open_ = {topic, partition, from, std::nullopt};
  return {};
}

Result<kafka::LogSlice> ScriptedLogReader::Read(kafka::Milliseconds timeout,
                                                std::size_t max_bytes) {
  values_.clear();
  if (!open_) {
    ScriptedKafka::Breach("Read without Open");
    return Error{Action::kFail, "nothing is open"};
  }
  SEMEL_TRY(Ask(Call::kRead, "read " + Name(open_->topic, open_->partition), timeout));
  const FakeLog& log = kafka_.broker.Log(open_->topic, open_->partition);
  if (open_->next < log.low()) return Error{Action::kStop, "no offset to reset to"};
  kafka::LogSlice slice;
  std::size_t bytes = 0;
  for (; open_->next < log.last_stable() && bytes < max_bytes &&
         values_.size() < kafka_.slice_records_max;
       ++open_->next) {
    if (!log.Visible(open_->next)) continue;
    const StoredRecord& record = log.at(open_->next);
    values_.push_back(record.value.value_or(""));
    bytes += values_.back().size();
    slice.records.push_back({open_->next, record.time_ms, {}});
  }
  for (std::size_t i = 0; i < values_.size(); ++i) slice.records[i].value = values_[i];
  if (open_->next >= log.last_stable() && open_->end_told != open_->next)
    slice.end = open_->end_told = open_->next;
  kafka_.clock.Advance(slice.records.empty() && !slice.end ? timeout : kafka::Milliseconds{1});
  return slice;
}

Result<std::optional<std::string>> ScriptedLogReader::PeekUncommitted(const std::string& topic,
                                                                      kafka::Partition partition,
                                                                      kafka::Offset from,
                                                                      kafka::Milliseconds timeout) {
  SEMEL_TRY(
      Ask(Call::kPeek, "peek " + Name(topic, partition) + "@" + std::to_string(from), timeout));
  const FakeLog& log = kafka_.broker.Log(topic, partition);
  for (kafka::Offset offset = std::max(from, log.low()); offset < log.high(); ++offset) {
    if (log.at(offset).state != StoredRecord::State::kMarker)
      return std::optional<std::string>(log.at(offset).value.value_or(""));
  }
  return std::optional<std::string>();
}

}  // namespace semel::testing
