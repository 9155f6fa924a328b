// Owns a lane's transactional producer and ends its transactions: commit with a known outcome, or
// replace the producer. The taint rule and the unknown outcome are handled here and nowhere else.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/log.h"
#include "base/recent_count.h"
#include "kafka/client.h"
#include "metrics/snapshot.h"
#include "pipeline/policy.h"
#include "pipeline/transaction.h"

namespace semel::pipeline {

/// How a transaction ended. There is no other way: an unknown outcome is resolved before it is
/// told.
struct Ended {
  enum class How {
    kCommitted,
    kAborted,    ///< nothing of it is visible; its partitions stand where they stood
    kOvertaken,  ///< the same, because a changelog held more than was read of it: Transaction says
                 ///< of which partitions
    kElsewhere,  ///< the committed offsets are neither the old nor the new ones: somebody else
                 ///< moved them
  };
  How how = How::kAborted;
  Error why;  ///< unless committed
};

class Committer {
 public:
  Committer(kafka::Client& client, const LaneSettings& settings, std::string transactional_id,
            const Clock& clock, Logger& log, metrics::LaneSnapshot& counters);

  /// Opens the producer, ending what an earlier one with this transactional id left. Waits for the
  /// brokers for at most 140 s, or until `deadline`. Errors: kConnect, kFix, kFail, kStop.
  Result<void> Open();
  Result<void> Open(std::chrono::steady_clock::time_point deadline);

  /// How long the last commit that succeeded took.
  std::chrono::steady_clock::duration last_took() const { return last_took_; }
  /// False after an Open, be it an inner one, that failed.
  bool open() const { return producer_ != nullptr; }
  kafka::TransactionalProducer& producer() { return *producer_; }

  /// Flushes, adds changelog and offsets, commits. `owned` says whether an assignment still holds.
  /// Errors: only what ends the lane.
  Result<Ended> Commit(Transaction& transaction, kafka::InputConsumer& consumer,
                       const std::function<bool(kafka::Partition, std::uint64_t)>& owned);

  /// Replaces the producer: its transaction is aborted and delayed requests are fenced. Once it
  /// returns, nothing refers to the transaction's memory.
  Result<void> Abandon(const Error& why);
  Result<void> Abandon(const Error& why, std::chrono::steady_clock::time_point deadline);

  /// After a commit: a tainted producer is replaced before the next transaction.
  Result<void> ReplaceIfTainted();

 private:
  Result<void> Prepare(Transaction& transaction, kafka::InputConsumer& consumer,
                       const std::function<bool(kafka::Partition, std::uint64_t)>& owned);
  kafka::CommitResult SendCommit();
  Result<Ended> Resolve(Transaction& transaction, const Error& why);
  Ended::How Compare(const Transaction& transaction,
                     const std::map<kafka::Partition, kafka::CommittedOffset>& found) const;
  Result<std::map<kafka::Partition, kafka::CommittedOffset>> ReadBack(
      const Transaction& transaction, std::chrono::steady_clock::time_point deadline);
  Result<void> CountFencing();

  kafka::Client& client_;
  const LaneSettings& settings_;
  const std::string transactional_id_;
  const Clock& clock_;
  Logger& log_;
  metrics::LaneSnapshot& counters_;
  std::unique_ptr<kafka::TransactionalProducer> producer_;
  std::chrono::steady_clock::duration last_took_{};
  std::unique_ptr<kafka::LogReader> reader_;  // to read offsets back; opened when first needed
  RecentCount fencings_;
};

}  // namespace semel::pipeline
