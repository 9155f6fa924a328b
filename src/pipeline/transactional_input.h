// The input topic as one member of its consumer group reads it, and the transactions that commit
// what became of the records: ownership, restore, commit and roll-back. Who takes the records, and
// what becomes of them, is its user's: a Lane writes them to the output, a TransactionalLoop hands
// them to a program.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "kafka/client.h"
#include "metrics/snapshot.h"
#include "pipeline/committer.h"
#include "pipeline/lane_partitions.h"
#include "pipeline/memory_budget.h"
#include "pipeline/policy.h"
#include "pipeline/restore_queue.h"
#include "pipeline/transaction.h"

namespace semel::pipeline {

/// What it works with. Everything referred to must outlive it.
struct InputParts {
  kafka::Client& client;
  const LaneSettings& settings;
  std::string transactional_id;
  MemoryBudget& budget;
  RestoreQueue& restores;  ///< a Restorer works at its other end
  const Clock& clock;
  Logger& log;
  metrics::LaneSnapshot& counters;
  SeenSetOpener open_seen_set{};
};

/// What the taker of the records learns. Called from within the calls of TransactionalInput.
class InputTaker {
 public:
  InputTaker() = default;
  InputTaker(const InputTaker&) = delete;
  InputTaker& operator=(const InputTaker&) = delete;
  virtual ~InputTaker() = default;

  /// The commit is known to have succeeded; what it holds is remembered next.
  virtual void Committed(Transaction& transaction) = 0;
  /// Every partition goes back to where it is committed: records that are held are void.
  virtual void RolledBack() {}
  /// Somebody else moved the offsets of what was open, so that nobody can tell whether it was
  /// committed. Its partitions are given away next.
  virtual void Overtaken() {}
  /// After that, because the brokers refuse a record: the transaction held `records` of them, the
  /// first one was `first`. An error ends the work.
  virtual Result<void> Refused(const Error& why, std::size_t records,
                               std::pair<kafka::Partition, kafka::Offset> first) = 0;
  /// Whether what is open may be committed when partitions of it go elsewhere; else it is rolled
  /// back.
  virtual bool MayCommit() const { return true; }
  /// The partition is not ours any more, or is read back from the start: its records are void.
  virtual void GivenAway(kafka::Partition /*partition*/) {}
};

/// True for what a new transaction, begun on the same input, may do better.
bool Passing(Action action);

/// Threads: one at a time.
class TransactionalInput {
 public:
  TransactionalInput(const InputParts& parts, InputTaker& taker);

  /// Ends what an earlier producer left and joins the group. Errors: kStop, kConnect, kFix, kFail,
  /// as for all calls here.
  Result<void> Join();

  /// Serves what was restored, then reads. Records of partitions that are not served, and below
  /// their next offset, are to be passed over.
  Result<kafka::Polled> Poll(kafka::Milliseconds timeout, std::size_t max_records);

  /// Carries a rebalance out and acknowledges it: commits, or rolls back, what is open in
  /// partitions that go. After the records that came with it were taken or dropped.
  Result<void> Rebalanced(const kafka::Rebalance& rebalance);

  /// The open transaction; begins one where there is none.
  Result<Transaction*> Open();
  /// The work on a served partition within it.
  Result<PartitionWork*> OpenWork(Served& partition);
  /// Moves the position of partitions past control and aborted records, which are never delivered.
  Result<void> TakeEnds(std::span<const kafka::EndOfPartition> ends);

  /// Commits the open transaction, or rolls it back where that fails.
  Result<void> Finish();
  Result<void> RollBack(const Error& why);

  /// Rolls back what is open and leaves the group; both together, at most a second more. What the
  /// brokers do not end within that time ends by its time-out, or when the next one joins.
  void Leave(kafka::Milliseconds timeout);

  Transaction* transaction() { return transaction_.get(); }
  kafka::TransactionalProducer& producer() { return committer_.producer(); }
  LanePartitions& partitions() { return partitions_; }
  /// Null before Join.
  kafka::InputConsumer* consumer() { return consumer_.get(); }

 private:
  Result<void> StartAgain();
  Result<void> LetGo(std::span<const kafka::Partition> partitions);
  Result<void> ServeRestored();
  Result<void> OpenOwed();
  Result<void> CommitStarts();
  std::chrono::steady_clock::duration OpenFor() const;
  void Confirmed();
  Result<void> RolledBack(const Error& why);
  Result<void> Overtaken(const Error& why);
  void SentElsewhere();
  Result<void> Assigned(std::span<const kafka::Partition> given);
  Result<void> GiveAway(const kafka::Rebalance& rebalance);

  const InputParts parts_;
  InputTaker& taker_;
  Committer committer_;
  std::unique_ptr<kafka::InputConsumer> consumer_;
  LanePartitions partitions_;
  std::map<kafka::Partition, kafka::Offset> unread_;  // served, and their start not committed yet
  std::set<kafka::Partition> leaving_;  // being given away: no seek reaches them any more
  // After what it refers to: destroyed first, so that stages end before their sets.
  std::unique_ptr<Transaction> transaction_;
  std::chrono::milliseconds backoff_{0};
};

}  // namespace semel::pipeline
