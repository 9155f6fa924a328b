#include "pipeline/lane.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/fail_point.h"
#include "pipeline/committer.h"
#include "pipeline/lane_partitions.h"
#include "pipeline/lane_report.h"
#include "pipeline/record_router.h"
#include "pipeline/snapshot_keeper.h"
#include "pipeline/transaction.h"

namespace semel::pipeline {
namespace {

using kafka::Offset;
using kafka::Partition;

constexpr kafka::Milliseconds kIdlePoll{100};
constexpr kafka::Milliseconds kBusyPoll{20};
constexpr kafka::Milliseconds kLeaveTimeout{5000};
constexpr kafka::Milliseconds kSnapshotTimeout{5000};
constexpr std::chrono::milliseconds kBackoffMax{2000};
constexpr int kBeginTries = 5;
constexpr std::size_t kPollRecords = 1000;
constexpr std::size_t kTransactionRecordsMax = 50'000;
constexpr std::size_t kTransactionBytesMax = std::size_t{16} << 20U;  // they are kept until its end

/// What a new transaction, begun on the same input, may do better.
bool Passing(Action action) {
  return action == Action::kAbort || action == Action::kFenced || action == Action::kRetry ||
         action == Action::kRejectRecord;
}

}  // namespace

struct Lane::Impl {
  Impl(LaneParts given, Fingerprinter fingerprinter)
      : parts(std::move(given)),
        report(parts.board, parts.settings.from, parts.number, parts.clock, parts.log),
        committer(parts.client, parts.settings, parts.transactional_id, parts.clock, parts.log,
                  report.lane()),
        router(parts.settings, std::move(fingerprinter), parts.log),
        partitions(parts.settings, parts.budget, parts.restores, parts.clock),
        snapshots(parts.settings, parts.number, parts.clock, parts.log) {}

  Result<void> Loop(const std::stop_token& stop);
  Result<void> Work();
  kafka::Milliseconds PollTimeout() const;
  std::size_t PollLimit() const { return isolating ? isolation_limit : kPollRecords; }

  // Records in.
  Result<bool> Take(std::unique_ptr<kafka::Batch> batch);
  Result<void> TakeRun(std::span<const Record> run);
  Result<void> TakeEnds(std::span<const kafka::EndOfPartition> ends);
  std::chrono::steady_clock::duration OpenFor() const;
  Result<Transaction*> Open();
  Result<PartitionWork*> OpenWork(Served& served);
  Result<void> OpenOwed();

  // Transactions out.
  bool Due() const;
  Result<void> Finish();
  void Confirmed();
  Result<void> RolledBack(const Error& why);
  Result<void> RollBack(const Error& why);
  Result<void> Isolate(const Error& why, std::size_t records, std::pair<Partition, Offset> first);
  void ForgetRejected(Partition partition, Offset below);
  void SentElsewhere();

  // Ownership.
  Result<void> Rebalanced(const kafka::Rebalance& rebalance);
  Result<void> Assigned(std::span<const Partition> given);
  Result<void> GiveAway(const kafka::Rebalance& rebalance);
  Result<void> ServeRestored();

  LaneParts parts;
  LaneReport report;
  Committer committer;
  RecordRouter router;
  std::unique_ptr<kafka::InputConsumer> consumer;

  LanePartitions partitions;
  SnapshotKeeper snapshots;
  std::set<Partition> leaving;  // while they are given away: no seek reaches them any more
  // After what it refers to: destroyed first, so that stages end before their sets.
  std::unique_ptr<Transaction> transaction;

  RejectedRecords rejected;
  bool isolating = false;
  std::size_t isolation_limit = kPollRecords;
  std::chrono::milliseconds backoff{0};
};

// --- the loop ---------------------------------------------------------------------------------

Result<void> Lane::Impl::Loop(const std::stop_token& stop) {
  SEMEL_TRY(committer.Open());
  SEMEL_TRY_ASSIGN(consumer, parts.client.OpenConsumer());
  while (!stop.stop_requested()) SEMEL_TRY(Work());
  if (transaction) SEMEL_TRY(Finish());
  return {};
}

Result<void> Lane::Impl::Work() {
  SEMEL_TRY(ServeRestored());
  SEMEL_TRY(OpenOwed());
  SEMEL_TRY_ASSIGN(kafka::Polled polled, consumer->Poll(PollTimeout(), PollLimit()));
  // Known before records are taken, for a roll-back may come from them already.
  if (polled.rebalance && polled.rebalance->kind != kafka::Rebalance::Kind::kAssigned)
    leaving.insert(polled.rebalance->partitions.begin(), polled.rebalance->partitions.end());
  SEMEL_TRY_ASSIGN(const bool taken, Take(std::move(polled.batch)));
  // After a roll-back the ends lie behind records that will come again.
  if (taken) SEMEL_TRY(TakeEnds(polled.ends));
  if (polled.rebalance) SEMEL_TRY(Rebalanced(*polled.rebalance));
  if (transaction) committer.producer().Serve();
  if (Due()) SEMEL_TRY(Finish());
  snapshots.Step(partitions);
  partitions.DropParked();
  if (parts.budget.Exceeded()) return parts.budget.Full();
  report.lane().snapshots_written = snapshots.written();
  report.lane().snapshots_failed = snapshots.failed();
  report.PublishNowAndThen(partitions, *consumer);
  return {};
}

kafka::Milliseconds Lane::Impl::PollTimeout() const {
  kafka::Milliseconds timeout =
      partitions.restoring() || snapshots.copying() ? kBusyPoll : kIdlePoll;
  if (transaction) {
    const auto left = transaction->due() - parts.clock.Now();
    timeout =
        std::min(timeout, std::chrono::ceil<kafka::Milliseconds>(std::max(left, left.zero())));
  }
  return timeout;
}

// --- records in -------------------------------------------------------------------------------

/// False when the transaction was rolled back.
Result<bool> Lane::Impl::Take(std::unique_ptr<kafka::Batch> batch) {
  const std::span<const Record> records = batch->records();
  if (records.empty()) return true;
  SEMEL_TRY_ASSIGN(Transaction * open, Open());
  open->Keep(std::move(batch));
  for (std::size_t begin = 0; begin < records.size();) {
    std::size_t end = begin + 1;
    while (end < records.size() && records[end].partition == records[begin].partition) ++end;
    const auto taken = TakeRun(records.subspan(begin, end - begin));
    if (!taken) {
      if (!Passing(taken.error().action)) return taken.error();
      SEMEL_TRY(RollBack(taken.error()));
      return false;
    }
    begin = end;
  }
  fail_point::Pass("after_poll");
  return true;
}

Result<void> Lane::Impl::TakeRun(std::span<const Record> run) {
  const auto found = partitions.served().find(run.front().partition);
  if (found == partitions.served().end()) return {};
  Served& partition = found->second;
  // A record that comes twice is taken once: next is moved by assignment, seek and delivery only.
  const auto first = std::find_if(run.begin(), run.end(),
                                  [&](const Record& r) { return r.offset >= partition.next; });
  run = run.subspan(static_cast<std::size_t>(first - run.begin()));
  if (run.empty()) return {};
  SEMEL_TRY_ASSIGN(PartitionWork * work, OpenWork(partition));
  SEMEL_TRY(router.Route(run, rejected, parts.clock.WallMs(), *work->stage, committer.producer(),
                         work->tally));
  partition.next = work->next = run.back().offset + 1;
  fail_point::Pass("after_output");
  return {};
}

/// Trailing control and aborted records are never delivered; the end tells that they are behind us.
Result<void> Lane::Impl::TakeEnds(std::span<const kafka::EndOfPartition> ends) {
  for (const kafka::EndOfPartition& end : ends) {
    const auto found = partitions.served().find(end.partition);
    if (found == partitions.served().end()) continue;
    found->second.end = end.offset;
    if (end.offset <= found->second.next) continue;
    SEMEL_TRY_ASSIGN(PartitionWork * work, OpenWork(found->second));
    found->second.next = work->next = end.offset;
  }
  return {};
}

/// Commits follow each other by the interval, so what a commit takes is taken off, as long as that
/// leaves the transaction open for longer than its commit will take.
std::chrono::steady_clock::duration Lane::Impl::OpenFor() const {
  const std::chrono::steady_clock::duration interval = parts.settings.commit_interval;
  const auto commit = std::min(committer.last_took(), interval);
  return std::max(commit, interval - commit);
}

Result<Transaction*> Lane::Impl::Open() {
  for (int tries = 1; !transaction; ++tries) {
    fail_point::Pass("before_begin");
    const auto begun = committer.producer().Begin();
    if (begun) {
      transaction = std::make_unique<Transaction>(parts.clock.Now() + OpenFor());
    } else if (Passing(begun.error().action) && tries < kBeginTries) {
      SEMEL_TRY(committer.Abandon(begun.error()));
    } else {
      return begun.error();
    }
  }
  return transaction.get();
}

Result<PartitionWork*> Lane::Impl::OpenWork(Served& partition) {
  SEMEL_TRY_ASSIGN(Transaction * open, Open());
  return &open->Work(*partition.state, partitions.owned().at(partition.state->partition));
}

/// Looked for in every turn: after a roll-back a commit is owed still.
Result<void> Lane::Impl::OpenOwed() {
  for (auto& served : partitions.served()) {
    if (served.second.state->owes_commit) SEMEL_TRY(OpenWork(served.second));
  }
  return {};
}

// --- transactions out -------------------------------------------------------------------------

bool Lane::Impl::Due() const {
  if (!transaction) return false;
  return isolating || transaction->records() >= kTransactionRecordsMax ||
         transaction->bytes() >= kTransactionBytesMax || parts.clock.Now() >= transaction->due();
}

Result<void> Lane::Impl::Finish() {
  for (const auto& [partition, work] : transaction->works()) {
    if (!work.tally.AddsUp()) {
      return Error{Action::kFail, "partition " + std::to_string(partition) +
                                      ": counters do not add up; please report"};
    }
  }
  SEMEL_TRY_ASSIGN(const Ended ended,
                   committer.Commit(*transaction, *consumer,
                                    [this](Partition partition, std::uint64_t ownership) {
                                      return partitions.Owns(partition, ownership);
                                    }));
  switch (ended.how) {
    case Ended::How::kCommitted:
      Confirmed();
      return committer.ReplaceIfTainted();
    case Ended::How::kAborted:
      return RolledBack(ended.why);
    case Ended::How::kElsewhere:
      SentElsewhere();
      return {};
  }
  return {};
}

void Lane::Impl::Confirmed() {
  for (const auto& [partition, work] : transaction->works())
    report.lane().spread_copies_sampled += parts.spread.Saw(partition, work.stage->fresh());
  transaction->Confirm();
  for (const auto& [partition, work] : transaction->works()) {
    report.Add(partition, work.tally);
    ForgetRejected(partition, work.next);
  }
  // Larger steps again, until the refused one is met or everything went through.
  if (isolating && rejected.empty()) isolation_limit *= 2;
  if (isolation_limit >= kPollRecords) isolating = false;
  if (!isolating) isolation_limit = kPollRecords;
  backoff = backoff.zero();
  transaction.reset();
}

void Lane::Impl::ForgetRejected(Partition partition, Offset below) {
  rejected.erase(rejected.lower_bound({partition, 0}), rejected.lower_bound({partition, below}));
}

/// For an open transaction that is not to be committed.
Result<void> Lane::Impl::RollBack(const Error& why) {
  ++report.lane().transactions_aborted;
  SEMEL_TRY(committer.Abandon(why));
  return RolledBack(why);
}

/// The producer was replaced already: every partition goes back to where it is committed, by an
/// explicit seek, for the position after an abort is nobody's promise.
Result<void> Lane::Impl::RolledBack(const Error& why) {
  const std::size_t records = transaction->records();
  const std::pair<Partition, Offset> first = transaction->first();
  std::map<Partition, Offset> positions;
  // Those without work too: of a batch that was taken in part, the rest must come again.
  for (auto& [partition, state] : partitions.served()) {
    if (leaving.contains(partition)) continue;
    state.next = state.state->committed;
    state.end.reset();
    positions[partition] = state.next;
  }
  transaction.reset();
  SEMEL_TRY(consumer->Seek(positions));
  if (why.action == Action::kRejectRecord) return Isolate(why, records, first);
  if (!Passing(why.action)) return why;
  if (backoff > backoff.zero()) parts.clock.Sleep(backoff);
  backoff = std::clamp(backoff * 2, std::chrono::milliseconds{50}, kBackoffMax);
  return {};
}

/// The brokers refuse a whole batch for one record: transactions are halved until it stands alone.
Result<void> Lane::Impl::Isolate(const Error& why, std::size_t records,
                                 std::pair<Partition, Offset> first) {
  if (records == 0) {
    return Error{Action::kStop, "the changelog topic refuses records: " + why.message};
  }
  if (records == 1 && !rejected.try_emplace(first, why.message).second) {
    return Error{Action::kStop,
                 "a record of topic " + parts.settings.from + " partition " +
                     std::to_string(first.first) + " offset " + std::to_string(first.second) +
                     " is refused by the topic for refused records too: " + why.message};
  }
  isolating = true;
  isolation_limit = std::max<std::size_t>(1, std::min(isolation_limit, records) / 2);
  return {};
}

/// Somebody else moved the offsets. What we know of these partitions is read again from the start.
void Lane::Impl::SentElsewhere() {
  std::vector<Partition> moved;
  for (const auto& work : transaction->works()) moved.push_back(work.first);
  transaction.reset();
  static_cast<void>(consumer->StopFetching(moved));
  for (const Partition partition : moved) partitions.Reload(partition);
}

// --- ownership --------------------------------------------------------------------------------

Result<void> Lane::Impl::Rebalanced(const kafka::Rebalance& rebalance) {
  report.lane().joined = true;
  if (rebalance.kind == kafka::Rebalance::Kind::kAssigned) {
    SEMEL_TRY(Assigned(rebalance.partitions));
  } else {
    SEMEL_TRY(GiveAway(rebalance));
  }
  return consumer->Acknowledge(rebalance);
}

Result<void> Lane::Impl::Assigned(std::span<const Partition> given) {
  for (const Partition partition : given) {
    if (partition >= parts.settings.input_partitions) {
      return Error{Action::kStop,
                   "topic " + parts.settings.from + " has more partitions than the " +
                       std::to_string(parts.settings.input_partitions) +
                       " it had at the start. Keys may have moved to other partitions; start again "
                       "with --accept-new-partitions"};
    }
    parts.log.Info("partition assigned",
                   {{"topic", parts.settings.from}, {"partition", std::to_string(partition)}});
    partitions.Give(partition);
  }
  return {};
}

Result<void> Lane::Impl::GiveAway(const kafka::Rebalance& rebalance) {
  const bool lost = rebalance.kind == kafka::Rebalance::Kind::kLost;
  const bool involved =
      transaction && std::any_of(rebalance.partitions.begin(), rebalance.partitions.end(),
                                 [&](Partition p) { return transaction->works().contains(p); });
  if (involved && !lost) {
    fail_point::Pass("in_revoke");
    SEMEL_TRY(Finish());
  } else if (involved) {
    SEMEL_TRY(RollBack({Action::kAbort, "the group took the partitions away"}));
  }
  SEMEL_TRY(consumer->StopFetching(rebalance.partitions));
  for (const Partition partition : rebalance.partitions) {
    parts.log.Info(lost ? "partition lost" : "partition revoked",
                   {{"topic", parts.settings.from}, {"partition", std::to_string(partition)}});
    partitions.TakeAway(partition);
    ForgetRejected(partition, std::numeric_limits<Offset>::max());
  }
  leaving.clear();
  return {};
}

Result<void> Lane::Impl::ServeRestored() {
  SEMEL_TRY_ASSIGN(const auto positions, partitions.CollectRestored());
  if (positions.empty()) return {};
  return consumer->StartFetching(positions);
}

Lane::Lane(LaneParts parts, Fingerprinter fingerprinter)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(fingerprinter))) {}

Lane::~Lane() = default;

Result<void> Lane::Run(const std::stop_token& stop) {
  auto ended = impl_->Loop(stop);
  // What is open ends now rather than by its time-out, which would block the next owner.
  if (impl_->transaction && impl_->committer.open())
    static_cast<void>(impl_->committer.Abandon({Action::kAbort, "the lane stops"}));
  impl_->transaction.reset();
  if (impl_->consumer) {
    if (const auto left = impl_->consumer->Leave(kLeaveTimeout); !left) {
      impl_->parts.log.Warning("the group was not left in time", {{"error", left.error().message}});
    }
  }
  if (ended)
    impl_->snapshots.Finish(impl_->partitions, impl_->parts.clock.Now() + kSnapshotTimeout);
  if (impl_->consumer) impl_->report.Publish(impl_->partitions, *impl_->consumer);
  return ended;
}

}  // namespace semel::pipeline
