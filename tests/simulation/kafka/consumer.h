// kafka::InputConsumer as librdkafka and RdkafkaConsumer are together; what that class promises and
// why is written there.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "base/recent_count.h"
#include "fetcher.h"
#include "group_member.h"
#include "kafka/group_membership.h"

namespace semel::simulation {

class Consumer final : public kafka::InputConsumer {
 public:
  explicit Consumer(const ClientParts& parts);
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;
  ~Consumer() override;

  Result<kafka::Polled> Poll(kafka::Milliseconds timeout, std::size_t max_records) override;
  Result<void> Acknowledge(const kafka::Rebalance& rebalance) override;
  Result<void> StartFetching(const std::map<kafka::Partition, kafka::Offset>& positions) override;
  Result<void> StopFetching(std::span<const kafka::Partition> partitions) override;
  Result<void> Seek(const std::map<kafka::Partition, kafka::Offset>& positions) override;
  std::optional<kafka::Offset> KnownEnd(kafka::Partition partition) override;
  Result<kafka::GroupToken> Membership() override { return membership_.token(); }
  void CommitForDisplay(const std::map<kafka::Partition, kafka::Offset>& positions) override;
  Result<void> Leave(kafka::Milliseconds timeout) override;

 private:
  struct Fetched {
    kafka::Offset next = 0;
    bool wanted = false;
  };
  class Batch;

  TopicPartition At(kafka::Partition partition) const {
    return {parts_.options.input_topic, partition};
  }
  void Connect();
  void Reconnect();
  void OnRebalance(kafka::Rebalance::Kind kind, Partitions partitions);
  void Handle(const FetchedItem& item, kafka::Polled& polled, Batch& batch);
  void TakeRebalance(kafka::Polled& polled);
  void Repeat(Batch& batch);

  ClientParts parts_;
  std::unique_ptr<Fetcher> fetcher_;
  std::unique_ptr<GroupMember> member_;
  std::set<kafka::Partition> owned_;
  std::map<kafka::Partition, Fetched> fetched_;
  std::deque<kafka::Rebalance> announced_;
  std::optional<kafka::Rebalance> open_;
  std::optional<Error> error_;
  std::vector<FetchedItem> last_;  ///< what the last poll gave
  const std::string repeat_site_;
  kafka::GroupMembership membership_;
  std::optional<Error> broken_by_;
  RecentCount fencings_{std::chrono::seconds(60)};
  RecentCount cut_offs_{std::chrono::seconds(60)};
  bool leaving_ = false;
};

}  // namespace semel::simulation
