// A Kafka cluster in memory: logs, transactions with their coordinator, and one consumer group.
// Everything happens at once and in the order of the calls.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "fake_log.h"
#include "kafka/client.h"

namespace semel::testing {

/// Proof that a producer was not overtaken by another one with its transactional id.
struct ProducerEpoch {
  std::string id;
  int epoch = 0;
};

class FakeBroker {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  FakeLog& Log(const std::string& topic, kafka::Partition partition) {
    return logs_[{topic, partition}];
  }

  // --- the transaction coordinator ---

  /// Ends what is left of the id's open transaction and fences every producer that had it before.
  ProducerEpoch Init(const std::string& id);
  bool Current(const ProducerEpoch& producer) const;
  /// `now`: the transaction times out, as Expire says; without it, it does not.
  void Begin(const ProducerEpoch& producer, std::optional<TimePoint> now = std::nullopt);
  /// Aborts transactions that are open for too long, and fences their producers.
  void Expire(TimePoint now);
  kafka::Offset Append(const ProducerEpoch& producer, const std::string& topic,
                       kafka::Partition partition, StoredRecord record);
  void AddOffsets(const ProducerEpoch& producer,
                  const std::map<kafka::Partition, kafka::CommittedOffset>& offsets);
  void End(const ProducerEpoch& producer, bool commit) { End(producer.id, commit); }
  /// The commit was accepted but takes its time: nobody sees it until the next Init of the id.
  void Prepare(const ProducerEpoch& producer) { ongoing_.at(producer.id).prepared = true; }
  bool HasOpen(const std::string& id) const;
  /// The open transaction of `id` wrote to this partition.
  bool Wrote(const std::string& id, const std::string& topic, kafka::Partition partition) const;

  // --- the group ---

  std::map<kafka::Partition, kafka::CommittedOffset> committed;
  bool Undecided(kafka::Partition partition) const;
  /// A member joined or left: tokens of before are stale.
  int Rebalance() { return ++generation_; }
  int generation() const { return generation_; }

 private:
  struct Ongoing {
    int epoch = 0;
    bool open = false;
    bool prepared = false;
    std::optional<TimePoint> begun;
    std::map<std::pair<std::string, kafka::Partition>, std::vector<kafka::Offset>> written;
    std::map<kafka::Partition, kafka::CommittedOffset> offsets;
  };
  void End(const std::string& id, bool commit);

  std::map<std::pair<std::string, kafka::Partition>, FakeLog> logs_;
  std::map<std::string, Ongoing> ongoing_;
  int generation_ = 0;
};

}  // namespace semel::testing
