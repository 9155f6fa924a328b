#include "pipeline/transactional_input.h"

#include <algorithm>
#include <vector>

#include "base/fail_point.h"

namespace semel::pipeline {
namespace {

using kafka::Offset;
using kafka::Partition;

constexpr std::chrono::milliseconds kBackoffMax{2000};
constexpr int kBeginTries = 5;
constexpr kafka::Milliseconds kLeaveAtLeast{1000};  // where the end of a transaction took all

}  // namespace

bool Passing(Action action) {
  return action == Action::kAbort || action == Action::kFenced || action == Action::kRetry ||
         action == Action::kRejectRecord;
}

TransactionalInput::TransactionalInput(const InputParts& parts, InputTaker& taker)
    : parts_(parts),
      taker_(taker),
      committer_(parts.client, parts.settings, parts.transactional_id, parts.clock, parts.log,
                 parts.counters),
      partitions_(parts.settings, parts.budget, parts.restores, parts.open_seen_set, parts.clock) {}

Result<void> TransactionalInput::Join() {
  SEMEL_TRY(committer_.Open());
  SEMEL_TRY_ASSIGN(consumer_, parts_.client.OpenConsumer());
  return {};
}

Result<kafka::Polled> TransactionalInput::Poll(kafka::Milliseconds timeout,
                                               std::size_t max_records) {
  SEMEL_TRY(ServeRestored());
  SEMEL_TRY(OpenOwed());
  SEMEL_TRY(CommitStarts());
  SEMEL_TRY_ASSIGN(kafka::Polled polled, consumer_->Poll(timeout, max_records));
  // Known before records are taken, for a roll-back may come from them already.
  if (polled.rebalance && polled.rebalance->kind != kafka::Rebalance::Kind::kAssigned)
    leaving_.insert(polled.rebalance->partitions.begin(), polled.rebalance->partitions.end());
  return polled;
}

/// Trailing control and aborted records are never delivered; the end tells that they are behind us.
Result<void> TransactionalInput::TakeEnds(std::span<const kafka::EndOfPartition> ends) {
  for (const kafka::EndOfPartition& end : ends) {
    const auto found = partitions_.served().find(end.partition);
    if (found == partitions_.served().end()) continue;
    found->second.end = end.offset;
    if (end.offset <= found->second.next) continue;
    SEMEL_TRY_ASSIGN(PartitionWork * work, OpenWork(found->second));
    found->second.next = work->next = end.offset;
  }
  return {};
}

/// Commits follow each other by the interval, so what a commit takes is taken off, as long as that
/// leaves the transaction open for longer than its commit will take.
std::chrono::steady_clock::duration TransactionalInput::OpenFor() const {
  const std::chrono::steady_clock::duration interval = parts_.settings.commit_interval;
  const auto commit = std::min(committer_.last_took(), interval);
  return std::max(commit, interval - commit);
}

Result<Transaction*> TransactionalInput::Open() {
  for (int tries = 1; !transaction_; ++tries) {
    fail_point::Pass("before_begin");
    const auto begun = committer_.producer().Begin();
    if (begun) {
      transaction_ = std::make_unique<Transaction>(parts_.clock.Now() + OpenFor());
    } else if (Passing(begun.error().action) && tries < kBeginTries) {
      SEMEL_TRY(committer_.Abandon(begun.error()));
    } else {
      return begun.error();
    }
  }
  return transaction_.get();
}

Result<PartitionWork*> TransactionalInput::OpenWork(Served& partition) {
  SEMEL_TRY_ASSIGN(Transaction * open, Open());
  return &open->Work(*partition.state, partitions_.owned().at(partition.state->partition));
}

/// Looked for in every turn: after a roll-back a commit is owed still.
Result<void> TransactionalInput::OpenOwed() {
  for (auto& served : partitions_.served()) {
    if (!served.second.state->owes_commit) continue;
    SEMEL_TRY_ASSIGN(PartitionWork * work, OpenWork(served.second));
    // Without a record too, a set that is elsewhere learns that the partition has a past.
    const auto observed = work->stage->Observe(work->stage->stream_time_ms());
    if (observed) continue;
    return Passing(observed.error().action) ? RollBack(observed.error()) : observed;
  }
  return {};
}

/// What is judged in a seen-set that is durable by itself stays, though its transaction may not. If
/// the start could move then, as --start latest does, records that were judged would be behind it.
Result<void> TransactionalInput::CommitStarts() {
  if (unread_.empty() || transaction_ == nullptr) return {};
  SEMEL_TRY(Finish());
  return ServeRestored();
}

// --- the end of transactions ------------------------------------------------------------------

Result<void> TransactionalInput::Finish() {
  for (const auto& [partition, work] : transaction_->works()) {
    if (!work.tally.AddsUp()) {
      return Error{Action::kFail, "partition " + std::to_string(partition) +
                                      ": counters do not add up; please report"};
    }
  }
  SEMEL_TRY_ASSIGN(const Ended ended,
                   committer_.Commit(*transaction_, *consumer_,
                                     [this](Partition partition, std::uint64_t ownership) {
                                       return partitions_.Owns(partition, ownership);
                                     }));
  switch (ended.how) {
    case Ended::How::kCommitted:
      Confirmed();
      return committer_.ReplaceIfTainted();
    case Ended::How::kAborted:
      return RolledBack(ended.why);
    case Ended::How::kOvertaken:
      return Overtaken(ended.why);
    case Ended::How::kElsewhere:
      SentElsewhere();
      return {};
  }
  return {};
}

void TransactionalInput::Confirmed() {
  taker_.Committed(*transaction_);
  transaction_->Confirm();
  backoff_ = backoff_.zero();
  transaction_.reset();
}

/// For an open transaction that is not to be committed.
Result<void> TransactionalInput::RollBack(const Error& why) {
  ++parts_.counters.transactions_aborted;
  SEMEL_TRY(committer_.Abandon(why));
  return RolledBack(why);
}

/// The producer was replaced already: every partition goes back to where it is committed, by an
/// explicit seek, for the position after an abort is nobody's promise.
Result<void> TransactionalInput::RolledBack(const Error& why) {
  const std::size_t records = transaction_->records();
  const std::pair<Partition, Offset> first = transaction_->first();
  std::map<Partition, Offset> positions;
  // Those without work too: of a batch that was taken in part, the rest must come again.
  for (auto& [partition, state] : partitions_.served()) {
    if (leaving_.contains(partition) || unread_.contains(partition)) continue;
    state.next = state.state->committed;
    state.end.reset();
    positions[partition] = state.next;
  }
  transaction_.reset();
  taker_.RolledBack();
  SEMEL_TRY(consumer_->Seek(positions));
  if (why.action == Action::kRejectRecord) return taker_.Refused(why, records, first);
  if (!Passing(why.action)) return why;
  if (backoff_ > backoff_.zero()) parts_.clock.Sleep(backoff_);
  backoff_ = std::clamp(backoff_ * 2, std::chrono::milliseconds{50}, kBackoffMax);
  return {};
}

/// Rolled back, and the rest of those changelogs is read. What is known of them was committed and
/// stays, unless a new rule or a first start has been made of it: that was not all that there is.
Result<void> TransactionalInput::Overtaken(const Error& why) {
  std::vector<Partition> behind;
  for (const auto& [partition, work] : transaction_->works())
    if (work.state->changelog.unproven_end) behind.push_back(partition);
  SEMEL_TRY(RolledBack(why));
  static_cast<void>(consumer_->StopFetching(behind));
  for (const Partition partition : behind) {
    unread_.erase(partition);
    if (partitions_.served().at(partition).state->owes_commit) {
      partitions_.Reload(partition);
    } else {
      partitions_.TakeAway(partition);
      partitions_.Give(partition);
    }
  }
  return {};
}

/// Somebody else moved the offsets. What we know of these partitions is read again from the start.
void TransactionalInput::SentElsewhere() {
  std::vector<Partition> moved;
  for (const auto& work : transaction_->works()) moved.push_back(work.first);
  transaction_.reset();
  taker_.Overtaken();
  static_cast<void>(consumer_->StopFetching(moved));
  for (const Partition partition : moved) {
    partitions_.Reload(partition);
    unread_.erase(partition);
    taker_.GivenAway(partition);
  }
}

// --- ownership --------------------------------------------------------------------------------

Result<void> TransactionalInput::Rebalanced(const kafka::Rebalance& rebalance) {
  parts_.counters.joined = true;
  if (rebalance.as_new_member) SEMEL_TRY(StartAgain());
  if (rebalance.kind == kafka::Rebalance::Kind::kAssigned) {
    SEMEL_TRY(Assigned(rebalance.partitions));
  } else {
    SEMEL_TRY(GiveAway(rebalance));
  }
  return consumer_->Acknowledge(rebalance);
}

/// What we hold may have been another's meanwhile: as if it had been lost and given again.
Result<void> TransactionalInput::StartAgain() {
  if (transaction_)
    SEMEL_TRY(RollBack({Action::kAbort, "the group took this process back as a new member"}));
  std::vector<Partition> held;
  for (const auto& owned : partitions_.owned())
    if (!leaving_.contains(owned.first)) held.push_back(owned.first);
  SEMEL_TRY(LetGo(held));
  for (const Partition partition : held) partitions_.Give(partition);
  return {};
}

Result<void> TransactionalInput::Assigned(std::span<const Partition> given) {
  for (const Partition partition : given) {
    if (parts_.settings.remembers && partition >= parts_.settings.input_partitions) {
      return Error{Action::kStop,
                   "topic " + parts_.settings.from + " has more partitions than the " +
                       std::to_string(parts_.settings.input_partitions) +
                       " it had at the start. Keys may have moved to other partitions; start again "
                       "with --accept-new-partitions"};
    }
    parts_.log.Info("partition assigned",
                    {{"topic", parts_.settings.from}, {"partition", std::to_string(partition)}});
    partitions_.Give(partition);
  }
  return {};
}

Result<void> TransactionalInput::GiveAway(const kafka::Rebalance& rebalance) {
  const bool lost = rebalance.kind == kafka::Rebalance::Kind::kLost;
  const bool involved =
      transaction_ && std::any_of(rebalance.partitions.begin(), rebalance.partitions.end(),
                                  [&](Partition p) { return transaction_->works().contains(p); });
  if (involved && !lost && taker_.MayCommit()) {
    fail_point::Pass("in_revoke");
    SEMEL_TRY(Finish());
  } else if (involved) {
    SEMEL_TRY(RollBack({Action::kAbort, "partitions go to another member"}));
  }
  SEMEL_TRY(LetGo(rebalance.partitions));
  for (const Partition partition : rebalance.partitions)
    parts_.log.Info(lost ? "partition lost" : "partition revoked",
                    {{"topic", parts_.settings.from}, {"partition", std::to_string(partition)}});
  leaving_.clear();
  return {};
}

/// They are neither read nor served any more.
Result<void> TransactionalInput::LetGo(std::span<const Partition> partitions) {
  SEMEL_TRY(consumer_->StopFetching(partitions));
  for (const Partition partition : partitions) {
    partitions_.TakeAway(partition);
    unread_.erase(partition);
    taker_.GivenAway(partition);
  }
  return {};
}

Result<void> TransactionalInput::ServeRestored() {
  SEMEL_TRY_ASSIGN(auto restored, partitions_.CollectRestored());
  unread_.merge(restored);
  std::map<Partition, Offset> positions;
  for (const auto& [partition, offset] : unread_) {
    const PartitionState& state = *partitions_.served().at(partition).state;
    if (!state.owes_commit || !state.seen->durable()) positions[partition] = offset;
  }
  for (const auto& start : positions) unread_.erase(start.first);
  return positions.empty() ? Result<void>() : consumer_->StartFetching(positions);
}

void TransactionalInput::Leave(kafka::Milliseconds timeout) {
  const auto deadline = parts_.clock.Now() + timeout;
  // What is open ends now rather than by its time-out, which would block the next owner.
  if (transaction_ && committer_.open())
    static_cast<void>(committer_.Abandon({Action::kAbort, "it stops"}, deadline));
  transaction_.reset();
  if (!consumer_) return;
  const auto rest = std::chrono::ceil<kafka::Milliseconds>(deadline - parts_.clock.Now());
  if (const auto left = consumer_->Leave(std::max(rest, kLeaveAtLeast)); !left)
    parts_.log.Warning("the group was not left in time", {{"error", left.error().message}});
}

}  // namespace semel::pipeline
