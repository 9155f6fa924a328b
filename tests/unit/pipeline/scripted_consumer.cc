#include "scripted_consumer.h"

#include <algorithm>

#include "scripted_producer.h"

namespace semel::testing {
namespace {

/// Records in memory of its own, so that whoever uses them after the batch is found out.
class ScriptedBatch final : public kafka::Batch {
 public:
  explicit ScriptedBatch(const ScriptedKafka& kafka) : kafka_(kafka) {}
  ~ScriptedBatch() override {
    if (kafka_.killed) return;
    for (const StoredRecord& stored : stored_) {
      for (const auto* bytes : {&stored.key, &stored.value}) CheckNotReferred(*bytes);
    }
  }

  void Add(kafka::Partition partition, kafka::Offset offset, const StoredRecord& record) {
    stored_.push_back(record);
    bytes_ += (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
    places_.emplace_back(partition, offset);
  }

  void Finish() {
    for (std::size_t i = 0; i < stored_.size(); ++i) {
      const StoredRecord& stored = stored_[i];
      headers_.emplace_back();
      for (const StoredHeader& header : stored.headers)
        headers_.back().push_back({header.name, View(header.value)});
      records_.push_back({.partition = places_[i].first,
                          .offset = places_[i].second,
                          .timestamp_ms = stored.time_ms,
                          .key = View(stored.key),
                          .value = View(stored.value),
                          .headers = headers_.back()});
    }
  }

  bool empty() const { return stored_.empty(); }
  std::size_t size() const { return stored_.size(); }
  std::span<const Record> records() const override { return records_; }
  std::size_t bytes() const override { return bytes_; }

 private:
  static Bytes View(const std::optional<std::string>& bytes) {
    return bytes ? Bytes(*bytes) : std::nullopt;
  }

  void CheckNotReferred(const std::optional<std::string>& bytes) const {
    if (!bytes) return;
    for (const ScriptedProducer* producer : kafka_.producers) {
      if (producer->RefersTo(bytes->data(), bytes->size() + 1))
        ScriptedKafka::Breach("a batch ended before the records that a producer reads from it");
    }
  }

  const ScriptedKafka& kafka_;
  std::deque<StoredRecord> stored_;
  std::size_t bytes_ = 0;
  std::deque<std::pair<kafka::Partition, kafka::Offset>> places_;
  std::deque<std::vector<Header>> headers_;
  std::vector<Record> records_;
};

std::string Text(std::span<const kafka::Partition> partitions) {
  std::string text;
  for (const kafka::Partition partition : partitions)
    text.append(" ").append(std::to_string(partition));
  return text;
}

std::string Text(const std::map<kafka::Partition, kafka::Offset>& positions) {
  std::string text;
  for (const auto& [partition, offset] : positions)
    text.append(" ").append(std::to_string(partition)).append("@").append(std::to_string(offset));
  return text;
}

}  // namespace

Result<kafka::Polled> ScriptedConsumer::Poll(kafka::Milliseconds timeout, std::size_t max_records) {
  if (kafka_.open_rebalance) ScriptedKafka::Breach("Poll before the rebalance was acknowledged");
  if (kafka_.on_poll) kafka_.on_poll();
  SEMEL_TRY(kafka_.Enter(Call::kPoll, "poll"));
  kafka::Polled polled;
  SEMEL_TRY(Fetch(std::min(max_records, kafka_.poll_records_max), polled));
  TakeRebalance(polled);
  const bool idle = polled.batch->records().empty() && polled.ends.empty() && !polled.rebalance;
  kafka_.idle_polls = idle ? kafka_.idle_polls + 1 : 0;
  kafka_.clock.Advance(idle ? timeout : kafka::Milliseconds{1});
  return polled;
}

Result<void> ScriptedConsumer::Fetch(std::size_t max_records, kafka::Polled& polled) {
  auto batch = std::make_unique<ScriptedBatch>(kafka_);
  for (auto& [partition, fetched] : kafka_.fetched) {
    if (!kafka_.deliver_records) break;
    const FakeLog& log = Input(partition);
    if (fetched.next < log.low() || fetched.next > log.high())
      return Error{Action::kStop, "offset " + std::to_string(fetched.next) + " is not there"};
    for (; fetched.next < log.last_stable() && batch->size() < max_records; ++fetched.next) {
      if (log.Visible(fetched.next)) batch->Add(partition, fetched.next, log.at(fetched.next));
    }
    if (fetched.next < log.last_stable() || fetched.end_told == fetched.next) continue;
    fetched.end_told = fetched.next;
    polled.ends.push_back({partition, fetched.next});
  }
  batch->Finish();
  polled.batch = std::move(batch);
  return {};
}

void ScriptedConsumer::TakeRebalance(kafka::Polled& polled) {
  if (kafka_.expelled) {
    if ((*kafka_.expelled)-- > 0) return;
    kafka_.expelled.reset();
    kafka_.rebalances.push_front(
        {kafka::Rebalance::Kind::kLost, {kafka_.owned.begin(), kafka_.owned.end()}});
  }
  if (kafka_.rebalances.empty()) return;
  kafka_.open_rebalance = kafka_.rebalances.front();
  kafka_.rebalances.pop_front();
  if (kafka_.open_rebalance->kind == kafka::Rebalance::Kind::kAssigned) {
    kafka_.owned.insert(kafka_.open_rebalance->partitions.begin(),
                        kafka_.open_rebalance->partitions.end());
    JoinAgain();
  } else if (kafka_.open_rebalance->kind == kafka::Rebalance::Kind::kLost) {
    kafka_.broker.Rebalance();
    token_ = {};
  } else if (kafka_.open_rebalance->as_new_member) {
    JoinAgain();
  }
  polled.rebalance = kafka_.open_rebalance;
}

void ScriptedConsumer::JoinAgain() {
  const int generation = kafka_.broker.Rebalance();
  token_ = {.serialized = "token",
            .generation = generation,
            .member_id = kafka_.transactional_id + "-member"};
}

Result<void> ScriptedConsumer::Acknowledge(const kafka::Rebalance& rebalance) {
  if (!kafka_.open_rebalance || kafka_.open_rebalance->kind != rebalance.kind ||
      kafka_.open_rebalance->partitions != rebalance.partitions)
    ScriptedKafka::Breach("a rebalance was acknowledged that was not announced");
  kafka_.open_rebalance.reset();
  SEMEL_TRY(kafka_.Enter(Call::kAcknowledge, "acknowledge" + Text(rebalance.partitions)));
  if (rebalance.kind == kafka::Rebalance::Kind::kAssigned) return {};
  for (const kafka::Partition partition : rebalance.partitions) {
    for (const ScriptedProducer* producer : kafka_.producers) {
      if (producer->HasOpen(partition))
        ScriptedKafka::Breach("partition " + std::to_string(partition) +
                              " given away in an open transaction");
    }
    if (kafka_.fetched.contains(partition))
      ScriptedKafka::Breach("partition " + std::to_string(partition) + " given away still fetched");
    kafka_.owned.erase(partition);
    kafka_.fetched.erase(partition);
  }
  if (rebalance.kind == kafka::Rebalance::Kind::kRevoked && !kafka_.expelled) JoinAgain();
  return {};
}

Result<void> ScriptedConsumer::StartFetching(
    const std::map<kafka::Partition, kafka::Offset>& positions) {
  SEMEL_TRY(kafka_.Enter(Call::kStartFetching, "start" + Text(positions)));
  for (const auto& [partition, offset] : positions) {
    if (!kafka_.owned.contains(partition))
      ScriptedKafka::Breach("fetching partition " + std::to_string(partition) + ", not ours");
    kafka_.fetched[partition] = {.next = offset};
  }
  return {};
}

Result<void> ScriptedConsumer::StopFetching(std::span<const kafka::Partition> partitions) {
  SEMEL_TRY(kafka_.Enter(Call::kStopFetching, "stop" + Text(partitions)));
  for (const kafka::Partition partition : partitions) kafka_.fetched.erase(partition);
  return {};
}

Result<void> ScriptedConsumer::Seek(const std::map<kafka::Partition, kafka::Offset>& positions) {
  SEMEL_TRY(kafka_.Enter(Call::kSeek, "seek" + Text(positions)));
  for (const auto& [partition, offset] : positions) {
    const bool leaving =
        kafka_.leaving() && std::count(kafka_.open_rebalance->partitions.begin(),
                                       kafka_.open_rebalance->partitions.end(), partition) > 0;
    if (!kafka_.fetched.contains(partition) || leaving)
      ScriptedKafka::Breach("Seek of partition " + std::to_string(partition) +
                            (leaving ? ", which leaves" : ", which is not fetched"));
    kafka_.fetched[partition] = {.next = offset};
  }
  return {};
}

std::optional<kafka::Offset> ScriptedConsumer::KnownEnd(kafka::Partition partition) {
  if (!kafka_.fetched.contains(partition)) return std::nullopt;
  return Input(partition).high();
}

Result<void> ScriptedConsumer::Leave(kafka::Milliseconds /*timeout*/) {
  SEMEL_TRY(kafka_.Enter(Call::kLeave, "leave"));
  for (const ScriptedProducer* producer : kafka_.producers) {
    for (const kafka::Partition partition : kafka_.owned) {
      if (producer->HasOpen(partition)) ScriptedKafka::Breach("left in an open transaction");
    }
  }
  kafka_.broker.Rebalance();
  kafka_.owned.clear();
  kafka_.fetched.clear();
  token_ = {};
  return {};
}

}  // namespace semel::testing
