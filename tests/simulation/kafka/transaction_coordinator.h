// The coordinator of transactions, as brokers do it for clients without KIP-890: EndTxn is answered
// once the decision is written, and the markers are written after it, each at its own time. All
// brokers' coordinators together, since what one of them wrote survives it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "producer_states.h"

namespace semel::simulation {

/// What a transaction writes to: a partition, or with `partition` -1 the offsets of a group.
struct TxnTarget {
  std::string name;
  kafka::Partition partition = -1;
  auto operator<=>(const TxnTarget&) const = default;
};

class TransactionCoordinator {
 public:
  using Time = std::chrono::steady_clock::time_point;
  /// Is to write a marker, some time, and to tell MarkerWritten.
  using WriteMarker = std::function<void(const std::string& id, const TxnTarget& target,
                                         ProducerIdAndEpoch producer, bool commit)>;

  struct Initialised {
    ErrorCode error = kNoError;
    ProducerIdAndEpoch producer{};
  };

  explicit TransactionCoordinator(WriteMarker write_marker)
      : write_marker_(std::move(write_marker)) {}

  Initialised Init(const std::string& id, std::chrono::milliseconds timeout);
  ErrorCode Add(const std::string& id, ProducerIdAndEpoch producer,
                const std::vector<TxnTarget>& targets, Time now);
  ErrorCode End(const std::string& id, ProducerIdAndEpoch producer, bool commit);

  /// Before a partition takes the first record of a transaction: whether that was announced.
  ErrorCode Verify(const std::string& id, ProducerIdAndEpoch producer,
                   const TxnTarget& target) const;

  void MarkerWritten(const std::string& id, const TxnTarget& target, ProducerIdAndEpoch producer);
  /// Aborts what is open for longer than its time-out, and fences its producer. `mine`: by id.
  void Expire(Time now, const std::function<bool(const std::string&)>& mine);
  /// Another broker took over: the markers that are owed are asked for again.
  void Resume(const std::function<bool(const std::string&)>& mine);

 private:
  enum class State : std::uint8_t {
    kEmpty,
    kOngoing,
    kPrepareCommit,
    kPrepareAbort,
    kCompleteCommit,
    kCompleteAbort,
  };
  struct Transaction {
    ProducerIdAndEpoch producer{};
    State state = State::kEmpty;
    std::chrono::milliseconds timeout{};
    Time begun{};
    std::set<TxnTarget> targets{};
  };

  ErrorCode Find(const std::string& id, ProducerIdAndEpoch producer, Transaction*& found);
  void Prepare(const std::string& id, Transaction& transaction, bool commit);
  void AskForMarkers(const std::string& id, const Transaction& transaction);
  static void FenceEpoch(Transaction& transaction) { ++transaction.producer.epoch; }

  const WriteMarker write_marker_;
  std::map<std::string, Transaction> transactions_;
  ProducerId next_producer_ = 1000;
};

}  // namespace semel::simulation
