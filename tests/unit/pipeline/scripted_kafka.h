// The Kafka of one lane, played by a FakeBroker after a script: any call can be made to fail, a
// commit can go unanswered, the group can give and take partitions. It also watches that the lane
// keeps to the contract of kafka/client.h; a breach fails the test where it happens.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fake_broker.h"
#include "kafka/client.h"
#include "manual_clock.h"

namespace semel::testing {

enum class Call : std::uint8_t {
  kPoll,
  kAcknowledge,
  kStartFetching,
  kStopFetching,
  kSeek,
  kLeave,
  kInit,
  kBegin,
  kProduce,
  kFlush,
  kSendOffsets,
  kCommit,
  kCommitted,
  kMarks,
  kOffsetAt,
  kOpen,
  kRead,
  kPeek,
  kAbortTransactionOf,
};

/// "Poll" for kPoll, and so on.
const char* Name(Call call);

/// What becomes of a commit.
enum class CommitFate : std::uint8_t {
  kAnswered,
  kAnsweredTainted,    ///< another transactional request of the transaction never was
  kAppliedUnanswered,  ///< it happened
  kAppliedByInit,      ///< it happens, but only the next Init of the id waits for it
  kLost,               ///< it never reached the coordinator
};

/// The process was killed: thrown out of any call, it leaves behind what a kill leaves behind.
struct Killed {};

struct Topics {
  std::string input = "orders";
  std::vector<std::string> out{"orders-unique", "orders-changelog"};
};

class ScriptedProducer;

class ScriptedKafka final : public kafka::Client {
 public:
  ScriptedKafka(FakeBroker& given_broker, const ManualClock& given_clock, Topics given_topics,
                std::string given_id)
      : broker(given_broker),
        clock(given_clock),
        topics(std::move(given_topics)),
        transactional_id(std::move(given_id)) {}

  // --- the script ---

  /// The call after `skip` more calls of its kind fails; before it had any effect.
  void Fail(Call call, Error error, int skip = 0) { faults_.push_back({call, skip, error}); }
  /// What becomes of the next commits; kAnswered once the list is used up.
  std::deque<CommitFate> commit_fates;
  /// Rebalances that the next polls return, one each.
  void Give(std::vector<kafka::Partition> partitions) {
    rebalances.push_back({kafka::Rebalance::Kind::kAssigned, std::move(partitions)});
  }
  void Revoke(std::vector<kafka::Partition> partitions) {
    rebalances.push_back({kafka::Rebalance::Kind::kRevoked, std::move(partitions)});
  }
  void Lose(std::vector<kafka::Partition> partitions) {
    rebalances.push_back({kafka::Rebalance::Kind::kLost, std::move(partitions)});
  }
  /// The same after the group had forgotten this member and took it back as another one.
  void RevokeAsNewMember(std::vector<kafka::Partition> partitions) {
    rebalances.push_back({kafka::Rebalance::Kind::kRevoked, std::move(partitions), true});
  }
  void GiveAsNewMember(std::vector<kafka::Partition> partitions) {
    rebalances.push_back({kafka::Rebalance::Kind::kAssigned, std::move(partitions), true});
  }
  std::deque<kafka::Rebalance> rebalances;
  /// The group goes on without this member, which hears of it only `polls` polls later, by the loss
  /// of all that it has.
  void Expel(int polls);
  /// Delivers a fetched partition again from `offset`, as nobody asked for.
  void Redeliver(kafka::Partition partition, kafka::Offset offset);
  /// A broker refuses every record of which this is true; Flush does not say which one it was.
  std::function<bool(const std::string& topic, const StoredRecord& record)> refuses;
  bool refuses_at_produce = false;  ///< instead, as for a record too large for any broker
  std::size_t poll_records_max = 1'000'000;
  std::size_t slice_records_max = 1'000'000;  ///< of LogReader::Read
  bool deliver_records = true;                ///< off: fetches return nothing, ends included

  // --- hooks, called before a call does anything ---

  std::function<void()> on_poll;
  std::function<void(Call)> before;  ///< may throw Killed
  std::function<std::optional<Error>(Call)> fault;

  // --- what happened ---

  std::vector<std::string> trace;  ///< calls in their order, as "seek 0@5"
  int idle_polls = 0;              ///< polls in a row that returned nothing
  std::size_t CountTrace(const std::string& start) const;

  // --- kafka::Client ---

  Result<std::unique_ptr<kafka::InputConsumer>> OpenConsumer() override;
  Result<std::unique_ptr<kafka::TransactionalProducer>> OpenProducer() override;
  Result<std::unique_ptr<kafka::LogReader>> OpenLogReader() override;
  Result<void> AbortTransactionOf(const std::string& id, kafka::Milliseconds timeout) override;

  // --- for its parts ---

  /// Notes the call, runs the hooks; the error that the script wants.
  Result<void> Enter(Call call, const std::string& text);
  static void Breach(const std::string& what);

  struct Fetched {
    kafka::Offset next = 0;
    std::optional<kafka::Offset> end_told{};
  };

  FakeBroker& broker;
  const ManualClock& clock;
  const Topics topics;
  const std::string transactional_id;
  bool killed = false;
  std::optional<int> expelled;                     ///< polls until it hears of it
  std::optional<kafka::Rebalance> open_rebalance;  ///< returned and not yet acknowledged
  bool leaving() const {
    return open_rebalance && open_rebalance->kind != kafka::Rebalance::Kind::kAssigned;
  }
  std::set<kafka::Partition> owned;
  std::map<kafka::Partition, Fetched> fetched;
  std::set<ScriptedProducer*> producers;  ///< alive

 private:
  struct Fault {
    Call call;
    int skip = 0;
    Error error;
  };
  std::vector<Fault> faults_;
};

/// Waits in vain: what a call does that ends with its time-out.
inline void TimeOut(const ManualClock& clock, kafka::Milliseconds timeout) {
  clock.Advance(timeout);
}

}  // namespace semel::testing
