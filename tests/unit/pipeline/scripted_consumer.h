// The group member of a ScriptedKafka.
#pragma once

#include "scripted_kafka.h"

namespace semel::testing {

class ScriptedConsumer final : public kafka::InputConsumer {
 public:
  explicit ScriptedConsumer(ScriptedKafka& kafka) : kafka_(kafka) {}
  ~ScriptedConsumer() override { kafka_.fetched.clear(); }

  Result<kafka::Polled> Poll(kafka::Milliseconds timeout, std::size_t max_records) override;
  Result<void> Acknowledge(const kafka::Rebalance& rebalance) override;
  Result<void> StartFetching(const std::map<kafka::Partition, kafka::Offset>& positions) override;
  Result<void> StopFetching(std::span<const kafka::Partition> partitions) override;
  Result<void> Seek(const std::map<kafka::Partition, kafka::Offset>& positions) override;
  std::optional<kafka::Offset> KnownEnd(kafka::Partition partition) override;
  Result<kafka::GroupToken> Membership() override { return token_; }
  void CommitForDisplay(const std::map<kafka::Partition, kafka::Offset>& /*positions*/) override {}
  Result<void> Leave(kafka::Milliseconds timeout) override;

 private:
  const FakeLog& Input(kafka::Partition partition) const {
    return kafka_.broker.Log(kafka_.topics.input, partition);
  }
  Result<void> Fetch(std::size_t max_records, kafka::Polled& polled);
  void TakeRebalance(kafka::Polled& polled);
  void JoinAgain();

  ScriptedKafka& kafka_;
  kafka::GroupToken token_;
};

}  // namespace semel::testing
