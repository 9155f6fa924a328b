// A Kafka cluster: topics, brokers that lead them and that die, and the two coordinators.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "channel.h"
#include "group_coordinator.h"
#include "partition_log.h"
#include "transaction_coordinator.h"

namespace semel::simulation {

struct ProduceRequest {
  std::string topic{};
  kafka::Partition partition = 0;
  std::string transactional_id{};  ///< empty: none
  RecordBatch batch{};
};

struct FetchRequest {
  struct Position {
    TopicPartition where{};
    kafka::Offset offset = 0;
    std::uint64_t version = 0;  ///< the asker's, to tell outdated answers
  };
  std::vector<Position> positions{};
  bool read_committed = true;
  Duration wait{};
  std::size_t max_bytes = 1'000'000;  ///< of a partition
};

struct FetchAnswer {
  struct Part {
    FetchRequest::Position asked{};
    ErrorCode error = kNoError;
    kafka::Offset next = 0;  ///< after all that was looked at
    kafka::Offset high = 0;
    kafka::Offset last_stable = 0;
    std::vector<std::pair<kafka::Offset, const StoredRecord*>> records{};
  };
  ErrorCode error = kNoError;
  std::vector<Part> parts{};
};

struct Ends {
  ErrorCode error = kNoError;
  kafka::Offset low = 0;
  kafka::Offset end = 0;
};

struct FoundOffset {
  ErrorCode error = kNoError;
  std::optional<kafka::Offset> offset{};
};

struct Produced {
  ErrorCode error = kNoError;
  kafka::Offset first = -1;
  std::int64_t append_time_ms = -1;
};

struct Done {
  ErrorCode error = kNoError;
};

class Cluster final : private Brokers {
 public:
  struct Options {
    int brokers = 3;
    int min_insync = 2;
    Duration failover = std::chrono::seconds(9);     ///< until the death of a broker is noticed
    Duration load = std::chrono::milliseconds(300);  ///< of a coordinator's state
    Duration expiry = std::chrono::seconds(10);  ///< between looks for transactions that are old
  };
  template <typename Answer>
  using Reply = std::function<void(Answer)>;

  Cluster(Scheduler& scheduler, FaultPlan& faults, Options options);

  void CreateTopic(const std::string& name, const TopicConfig& config);
  kafka::Partition PartitionsOf(const std::string& topic) const;

  // What befalls brokers. Leaderships of a dead one move after Options::failover.
  void Crash(BrokerId broker);
  void Restart(BrokerId broker);
  void Pause(BrokerId broker);
  void Continue(BrokerId broker);
  /// A leadership moves in good order.
  void MoveLeader(const TopicPartition& where);
  void MoveTransactionCoordinator(const std::string& transactional_id);
  void MoveGroupCoordinator(const std::string& group);
  int brokers() const { return options_.brokers; }
  bool Up(BrokerId broker) const override { return states_[Index(broker)].up; }

  // What clients learn of metadata; kNoBroker where there is no leader. Who was replaced and does
  // not know it is called the leader for as long as it answers as one.
  BrokerId LeaderOf(const TopicPartition& where) const;
  BrokerId OffsetsToldBy(const std::string& group) const;
  BrokerId TransactionCoordinatorOf(const std::string& transactional_id) const;
  BrokerId GroupCoordinatorOf(const std::string& group) const;

  // What brokers are asked, by their clients' channels.
  void Produce(BrokerId at, const ProduceRequest& request, Reply<Produced> reply);
  void Fetch(BrokerId at, const FetchRequest& request, Reply<FetchAnswer> reply);
  void ListOffsets(BrokerId at, const TopicPartition& where, bool read_committed,
                   Reply<Ends> reply);
  void OffsetAt(BrokerId at, const TopicPartition& where, std::int64_t time_ms,
                Reply<FoundOffset> reply);
  /// Null where `at` is not, or not yet, the one; then `error` says which.
  TransactionCoordinator* TransactionsAt(BrokerId at, const std::string& transactional_id,
                                         ErrorCode& error);
  GroupCoordinator* GroupsAt(BrokerId at, const std::string& group, ErrorCode& error);
  /// Stable ones only.
  Fetched FetchOffsets(BrokerId at, const std::string& group,
                       const std::vector<TopicPartition>& partitions) const;
  ErrorCode CommitInTransaction(BrokerId at, const std::string& transactional_id,
                                ProducerIdAndEpoch producer, const MemberIdentity& who,
                                const OffsetMap& offsets);

  // For whoever looks at everything without a client.
  PartitionLog& Log(const std::string& topic, kafka::Partition partition) {
    return *logs_.at({topic, partition}).log;
  }
  OffsetMap Committed(const std::string& group) const { return groups_.Committed(group); }
  void DeleteRecords(const std::string& topic, kafka::Partition partition, kafka::Offset before) {
    Log(topic, partition).MoveStart(before);
  }

  NetworkParts network() { return {scheduler_, faults_, *this}; }
  Scheduler& scheduler() { return scheduler_; }
  FaultPlan& faults() { return faults_; }

 private:
  struct Leadership {
    BrokerId leader = kNoBroker;
    std::uint64_t epoch = 0;
    Time loaded{};  ///< of coordinators
  };
  /// A broker that hung for longer than its session: it answers as the leader that it was, with
  /// what it had then, until it hears of its successor.
  struct OldLeader {
    BrokerId broker = kNoBroker;
    kafka::Offset high = 0;
    kafka::Offset last_stable = 0;
  };
  struct OldCoordinator {
    BrokerId broker = kNoBroker;
    std::map<std::string, GroupOffsets> groups{};
  };
  struct Partition {
    Leadership leadership;
    std::unique_ptr<PartitionLog> log;
    OldLeader old{};
  };
  /// Of a log, as one of its brokers tells it.
  struct View {
    const PartitionLog* log = nullptr;  ///< null: it is not the leader
    kafka::Offset high = 0;
    kafka::Offset last_stable = 0;
  };
  struct BrokerState {
    bool up = true;
    bool paused = false;
    bool replaced = false;    ///< hung for longer than its session
    std::uint64_t hangs = 0;  ///< counts, for the timer
    std::vector<std::function<void()>> held{};
    std::vector<std::weak_ptr<Wire>> wires{};
  };
  struct PendingFetch;

  static std::size_t Index(BrokerId broker) { return static_cast<std::size_t>(broker); }
  void WhenRunning(BrokerId broker, std::function<void()> serve) override;
  void Opened(const std::shared_ptr<Wire>& wire) override;

  void ForEachLeadership(const std::function<void(Leadership&)>& call);
  BrokerId AnyUp(BrokerId except) const;
  void Move(Leadership& leadership, BrokerId to);
  std::size_t SlotOf(const std::string& name) const;
  ErrorCode CheckCoordinator(const Leadership& leadership, BrokerId at) const;
  Partition* LedBy(BrokerId at, const TopicPartition& where, ErrorCode& error);
  View ViewAt(BrokerId at, const TopicPartition& where, ErrorCode& error) const;
  bool Awake(BrokerId broker) const;
  void Replace(BrokerId broker);
  void HearsOfIt(BrokerId broker);
  int UpCount() const;
  bool TryAnswer(const std::shared_ptr<PendingFetch>& fetch, bool time_is_up);
  FetchAnswer::Part Read(const FetchRequest& request, const FetchRequest::Position& position,
                         BrokerId at, bool& news);
  void WriteMarker(const std::string& id, const TxnTarget& target, ProducerIdAndEpoch producer,
                   bool commit);
  bool WriteMarkerNow(const std::string& id, const TxnTarget& target, ProducerIdAndEpoch producer,
                      bool commit);
  void ExpireTransactions();

  static constexpr std::size_t kSlots = 8;
  Scheduler& scheduler_;
  FaultPlan& faults_;
  const Options options_;
  prove::Random random_;
  std::vector<BrokerState> states_;
  std::map<TopicPartition, Partition> logs_;
  std::map<std::string, kafka::Partition> topics_;
  std::vector<Leadership> transaction_slots_;
  std::vector<Leadership> group_slots_;
  std::vector<OldCoordinator> old_groups_;  // by slot
  TransactionCoordinator transactions_;
  GroupCoordinator groups_;
};

}  // namespace semel::simulation
