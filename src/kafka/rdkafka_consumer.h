// The group consumer on librdkafka: a partition is in librdkafka's assignment only while the lane
// wants it fetched, so a rebalance is acknowledged with fewer partitions than it gave.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/recent_count.h"
#include "kafka/client.h"
#include "kafka/group_membership.h"
#include "kafka/instance.h"
#include "kafka/rdkafka_batch.h"

namespace semel::kafka {

struct ConsumerOptions {
  std::string group;
  std::string topic;
  std::string instance;  ///< group.instance.id; empty: a dynamic member
};

class RdkafkaConsumer final : public InputConsumer, private Callbacks {
 public:
  static Result<std::unique_ptr<RdkafkaConsumer>> Open(const ClientSettings& settings,
                                                       ConsumerOptions options, Logger& logger);
  RdkafkaConsumer(const RdkafkaConsumer&) = delete;
  RdkafkaConsumer& operator=(const RdkafkaConsumer&) = delete;
  ~RdkafkaConsumer() override;

  Result<Polled> Poll(Milliseconds timeout, std::size_t max_records) override;
  Result<void> Acknowledge(const Rebalance& rebalance) override;
  Result<void> StartFetching(const std::map<Partition, Offset>& positions) override;
  Result<void> StopFetching(std::span<const Partition> partitions) override;
  Result<void> Seek(const std::map<Partition, Offset>& positions) override;
  std::optional<Offset> KnownEnd(Partition partition) override;
  Result<GroupToken> Membership() override;
  void CommitForDisplay(const std::map<Partition, Offset>& positions) override;
  Result<void> Leave(Milliseconds timeout) override;

  /// Records that librdkafka handed out though they were not wanted (again).
  std::uint64_t dropped() const { return dropped_; }

 private:
  /// A partition that librdkafka has in its assignment.
  struct Fetched {
    Offset next = 0;      ///< no record below it is handed out
    bool wanted = false;  ///< false: paused, its records are dropped
  };

  RdkafkaConsumer(const ClientSettings& settings, ConsumerOptions options, Logger& logger)
      : settings_(settings), options_(std::move(options)), logger_(logger) {}
  static constexpr std::chrono::seconds kAgainWithin{60};

  /// Opens a new instance and subscribes.
  Result<void> Connect();
  /// Goes on with a new instance in the place of the broken one.
  Result<void> Reconnect();
  void OnRebalance(rd_kafka_resp_err_t event,
                   const rd_kafka_topic_partition_list_t& partitions) override;
  void Announce(Rebalance rebalance);
  GroupToken CurrentToken();

  void Handle(MessagePtr message, Polled& polled, RdkafkaBatch& batch);
  void HandleError(const rd_kafka_message_t& message);
  Error Fenced() const;
  void HandleOutOfRange(Partition partition, Offset offset);

  Result<void> AssignAll();
  Result<void> Add(const std::map<Partition, Offset>& positions);
  Result<void> Remove(std::span<const Partition> partitions);
  Result<void> Move(const std::map<Partition, Offset>& positions) const;
  Result<void> AcknowledgeAll();

  ClientSettings settings_;
  ConsumerOptions options_;
  Logger& logger_;
  std::shared_ptr<Instance> instance_;    // shared with the batches that came from it
  std::set<Partition> owned_;             // given to us by the group
  std::map<Partition, Fetched> fetched_;  // a part of owned_
  std::deque<Rebalance> announced_;       // not yet returned by Poll
  std::optional<Rebalance> open_;         // returned by Poll, not yet acknowledged
  std::optional<Error> error_;            // for the next Poll
  GroupMembership membership_;
  std::uint64_t dropped_ = 0;
  std::optional<Error> broken_by_;  // a new instance may help
  RecentCount fencings_{kAgainWithin};
  RecentCount cut_offs_{kAgainWithin};  // positions behind a log's end
  bool leaving_ = false;
};

}  // namespace semel::kafka
