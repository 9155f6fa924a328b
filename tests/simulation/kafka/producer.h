// kafka::TransactionalProducer as librdkafka 2.0 and RdkafkaProducer are together: partitions are
// registered and batches sent in the background, and sent again with the same sequence numbers.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "client_parts.h"

namespace semel::simulation {

class Producer final : public kafka::TransactionalProducer {
 public:
  Producer(const ClientParts& parts, std::string transactional_id);
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;
  ~Producer() override;

  Result<void> Init(kafka::Milliseconds timeout) override;
  Result<void> Begin() override;
  Result<void> Produce(const kafka::OutgoingRecord& record) override;
  void Serve() override {}
  Result<std::vector<kafka::Delivered>> Flush(kafka::Milliseconds timeout) override;
  Result<void> SendOffsets(const std::map<kafka::Partition, kafka::CommittedOffset>& offsets,
                           const kafka::GroupToken& token, kafka::Milliseconds timeout) override;
  kafka::CommitResult Commit(kafka::Milliseconds timeout) override;
  bool tainted() const override { return failed_ || unanswered_ > 0; }

 private:
  struct Queued {
    kafka::OutgoingRecord record;
    std::vector<StoredHeader> headers;
    std::int64_t time_ms;
    Time since{};
  };
  struct Sent {
    RecordBatch batch{};
    std::vector<std::uint64_t> tags{};
    Time since{};
  };
  struct Queue {
    std::deque<Queued> waiting{};
    std::size_t bytes = 0;
    std::optional<Sent> sent{};  ///< at most one is under way
    std::int32_t next_sequence = 0;
    enum class Registered : std::uint8_t { kNo, kAsked, kYes } registered = Registered::kNo;
  };

  void RequestProducerId();
  void RegisterLater(Duration wait);
  void Register();
  void Registered(ErrorCode error, const std::vector<TopicPartition>& asked);
  void SendAll(bool all);
  void SendIfDue(const TopicPartition& where, Queue& queue, bool flushing);
  void SendBatch(const TopicPartition& where, Queue& queue);
  void Answered(const TopicPartition& where, const Produced& produced);

  /// The transaction can only be aborted.
  void SetAbortable(ErrorCode error);
  void SetFatal(ErrorCode error);
  void DeliveryFailed(ErrorCode error);
  /// What a call says because of what happened before it.
  std::optional<Error> Standing(const std::string& what);
  Error Failed(ErrorCode error, const std::string& what, Action action);
  /// As the product maps what librdkafka returns of a transaction that is over.
  Error Over(ErrorCode error, const std::string& what);
  std::string Doing(const char* what) const;

  /// Until it is answered for good or the deadline comes. For tasks only.
  std::optional<ErrorCode> AskCoordinator(const char* api, Time deadline,
                                          std::function<ErrorCode(TransactionCoordinator&)> serve);
  std::optional<ErrorCode> AskGroup(Time deadline, const MemberIdentity& who,
                                    const OffsetMap& offsets);
  Channel& ToTransactions(BrokerId broker);
  Result<void> HandleOffsetsError(std::optional<ErrorCode> error, const std::string& what);
  kafka::CommitResult Unknown(Error error) {
    return {kafka::CommitOutcome::kUnknown, std::move(error)};
  }
  void AbortAtEnd();

  ClientParts parts_;
  const std::string id_;
  Timers timers_;
  Channels channels_;
  std::shared_ptr<Channel> coordinator_;
  std::shared_ptr<Channel> group_;
  Signal changed_;
  Duration request_timeout_;

  std::optional<ProducerIdAndEpoch> producer_;
  bool requesting_ = false;
  std::map<TopicPartition, Queue> queues_;
  std::size_t outstanding_ = 0;
  bool registering_ = false;
  bool flushing_ = false;
  bool linger_set_ = false;

  // Of the open transaction:
  bool in_transaction_ = false;  // begun, and no commit was tried
  bool announced_ = false;       // the coordinator may know of it
  std::vector<kafka::Delivered> delivered_;
  ErrorCode delivery_error_ = kNoError;

  ErrorCode abortable_ = kNoError;
  ErrorCode fatal_ = kNoError;
  bool failed_ = false;
  int unanswered_ = 0;
};

}  // namespace semel::simulation
