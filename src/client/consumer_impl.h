// The consumer on librdkafka. Rebalances are noted inside of a poll and carried out after it, so
// that the program's functions run outside of librdkafka's callbacks.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "client/fetch_buffer.h"
#include "client/function_logger.h"
#include "kafka/deadline.h"
#include "kafka/instance.h"
#include "kafka/join_watch.h"
#include "kafka/partition_list.h"
#include "semel/consumer.h"

namespace semel {

class Consumer::Impl final : private kafka::Callbacks {
 public:
  static Result<std::unique_ptr<Impl>> Open(ConsumerOptions options);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() override;

  // As in semel/consumer.h.
  Result<void> Subscribe(const std::vector<std::string>& topics);
  Result<void> Assign(const std::map<TopicPartition, Place>& places, Milliseconds timeout);
  Result<void> Seek(const std::map<TopicPartition, Place>& places, Milliseconds timeout);
  Result<std::optional<Message>> Poll(Milliseconds timeout);
  Result<std::vector<Message>> PollBatch(std::size_t max, Milliseconds timeout);
  void Wake();
  Result<void> Commit(const Offsets& offsets, Milliseconds timeout);
  Result<void> CommitAsync(const Offsets& offsets, CommitFunction done);
  Offsets Positions() const;
  Result<Offsets> Committed(Milliseconds timeout);
  Result<Offsets> Lag(Milliseconds timeout);
  bool AtEnd() const;
  Result<void> Pause(const std::vector<TopicPartition>& partitions);
  Result<void> Resume(const std::vector<TopicPartition>& partitions);
  std::vector<TopicPartition> Assignment() const;
  Result<std::int32_t> PartitionCount(const std::string& topic, Milliseconds timeout);
  Result<void> Close(Milliseconds timeout);

 private:
  using Places = std::map<TopicPartition, Place>;
  enum class Kind : std::uint8_t { kAssigned, kRevoked, kLost };
  struct Rebalance {
    Kind kind;
    std::vector<TopicPartition> partitions;
  };
  /// Shared with the messages, which librdkafka wants to be gone before the client.
  struct Connection {
    std::shared_ptr<FunctionLogger> logger;
    std::unique_ptr<kafka::Instance> instance;
  };
  struct HeldCommit {
    Offsets offsets;
    CommitFunction done;
  };

  explicit Impl(ConsumerOptions options) : options_(std::move(options)), logger_(options_.log) {}
  rd_kafka_t* rk() const { return connection_->instance->get(); }
  Logger& logger() const { return *logger_; }
  Error Describe(rd_kafka_resp_err_t code, const std::string& what) const {
    return connection_->instance->Describe(code, what);
  }
  template <typename Outcome>
  Result<void> Check(Outcome outcome, const std::string& what) const {
    return connection_->instance->Check(outcome, what);
  }
  Result<void> CheckOurs(const TopicPartition& partition, Action otherwise) const;

  // consumer_poll.cc
  Result<bool> Await(const kafka::Deadline& deadline);
  Result<void> Serve();
  void HearErrors();
  Result<void> Fill(const kafka::Deadline& deadline);
  void Handle(kafka::MessagePtr message);
  void HandleError(const rd_kafka_message_t& message);
  Error OutOfRange(const rd_kafka_message_t& message, const OwnedPartition& partition) const;
  OwnedPartition* Find(const rd_kafka_message_t& message);
  void Drop(const TopicPartition& name, OwnedPartition& partition);

  // consumer_membership.cc
  void OnRebalance(rd_kafka_resp_err_t event,
                   const rd_kafka_topic_partition_list_t& partitions) override;
  bool Cooperative() const;
  Result<void> CarryOut();
  Result<bool> Take(const std::vector<TopicPartition>& partitions);
  Result<void> GiveBack(const Rebalance& rebalance);
  Result<void> Fetch(const std::vector<TopicPartition>& partitions);
  std::vector<TopicPartition> Remove(const std::vector<TopicPartition>& partitions);

  // consumer_offsets.cc
  Result<void> CheckCommit(const Offsets& offsets) const;
  Result<std::uintptr_t> Send(const Offsets& offsets, CommitFunction done);
  void SendHeld();
  void ServeCommits(int wait_ms);
  void Report(rd_kafka_event_t& event);
  void TellUnanswered();
  void Tell(const CommitFunction& done, const Result<void>& result);
  Result<void> Answered(rd_kafka_resp_err_t code, const std::string& what);
  Result<Offsets> Ask(const Offsets& times, const kafka::Deadline& deadline);
  Result<Offsets> AskCommitted(const std::vector<TopicPartition>& partitions,
                               const kafka::Deadline& deadline);
  Result<Offsets> Locate(Places places, const kafka::Deadline& deadline);
  Result<void> Move(const Offsets& offsets, const kafka::Deadline& deadline) const;

  ConsumerOptions options_;
  const SharedLogger logger_;
  std::shared_ptr<Connection> connection_;
  kafka::QueuePtr consumer_queue_;
  kafka::QueuePtr commit_queue_;
  std::map<TopicPartition, OwnedPartition> owned_;  // its elements are pointed at by buffer_
  FetchBuffer buffer_;
  std::deque<kafka::MessagePtr> carried_;  // came while buffer_ was not empty
  std::deque<Rebalance> announced_;        // not carried out yet
  std::optional<Error> error_;             // for when all before it was handed out
  std::shared_ptr<kafka::JoinWatch> membership_ = std::make_shared<kafka::JoinWatch>();
  std::deque<HeldCommit> held_;                       // until the group's next generation is known
  std::map<std::uintptr_t, CommitFunction> commits_;  // without an answer yet
  std::uintptr_t last_commit_ = 0;
  std::int64_t last_poll_ms_ = 0;
  // What Find found last, valid within one Fill: messages of a partition come in a row.
  const rd_kafka_topic_t* found_topic_ = nullptr;
  std::int32_t found_partition_ = -1;
  OwnedPartition* found_ = nullptr;
  std::string_view found_name_;
  std::atomic<bool> woken_ = false;
  bool subscribed_ = false;
  bool closed_ = false;
};

/// For messages: "orders [3]".
std::string NameOf(const TopicPartition& partition);

}  // namespace semel
