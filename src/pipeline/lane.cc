#include "pipeline/lane.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include "base/fail_point.h"
#include "pipeline/committer.h"
#include "pipeline/record_router.h"
#include "pipeline/transaction.h"

namespace semel::pipeline {
namespace {

using kafka::Offset;
using kafka::Partition;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr kafka::Milliseconds kIdlePoll{100};
constexpr kafka::Milliseconds kRestoringPoll{20};
constexpr kafka::Milliseconds kLeaveTimeout{5000};
constexpr std::chrono::milliseconds kPublishEvery{200};
constexpr std::chrono::minutes kParkedFor{5};
constexpr std::chrono::seconds kBlockedNotice{10};
constexpr std::chrono::milliseconds kBackoffMax{2000};
constexpr std::size_t kPollRecords = 10'000;
constexpr std::size_t kTransactionRecordsMax = 50'000;

/// A partition that is restored and fetched.
struct Served {
  std::unique_ptr<PartitionState> state;
  Offset next = 0;            ///< next input offset to classify; nothing below it is taken
  std::optional<Offset> end;  ///< where a committed reader's view ended last
  TimePoint blocked_since;    ///< when that was found to lie before the end of the log
  bool blocked = false;
  bool blocked_told = false;
};

struct Parked {
  std::unique_ptr<PartitionState> state;
  TimePoint until;
};

}  // namespace

struct Lane::Impl {
  Impl(LaneParts given, Fingerprinter fingerprinter)
      : parts(std::move(given)),
        committer(parts.client, parts.settings, parts.transactional_id, parts.clock, parts.log,
                  counters),
        router(parts.settings, std::move(fingerprinter), parts.log) {
    counters.lane = parts.number;
  }

  Result<void> Loop(const std::stop_token& stop);
  Result<void> Work();
  kafka::Milliseconds PollTimeout() const;
  std::size_t PollLimit() const { return isolating ? isolation_limit : kPollRecords; }

  // Records in.
  Result<bool> Take(std::unique_ptr<kafka::Batch> batch);
  Result<void> TakeRun(std::span<const Record> run);
  Result<void> TakeEnds(std::span<const kafka::EndOfPartition> ends);
  Result<Transaction*> Open();
  Result<PartitionWork*> OpenWork(Served& served);

  // Transactions out.
  bool Due() const;
  Result<void> Finish();
  void Confirmed();
  Result<void> RolledBack(const Error& why);
  Result<void> RollBack(const Error& why);
  Result<void> Isolate(const Error& why, std::size_t records, std::pair<Partition, Offset> first);
  void SentElsewhere();

  // Ownership.
  Result<void> Rebalanced(const kafka::Rebalance& rebalance);
  Result<void> Assigned(std::span<const Partition> partitions);
  Result<void> GiveAway(const kafka::Rebalance& rebalance);
  void Submit(Partition partition, std::unique_ptr<PartitionState> state);
  Result<void> CollectRestored();
  void Park(std::unique_ptr<PartitionState> state);
  void DropParked();
  bool Owns(Partition partition, std::uint64_t ownership) const;

  // What others see.
  void Publish();
  metrics::PartitionSnapshot& Counters(Partition partition);
  void WatchBlocked(Partition partition, Served& served);

  LaneParts parts;
  metrics::LaneSnapshot counters;
  std::map<Partition, metrics::PartitionSnapshot> partition_counters;
  Committer committer;
  RecordRouter router;
  std::unique_ptr<kafka::InputConsumer> consumer;

  std::map<Partition, std::uint64_t> owned;  // by which assignment
  std::uint64_t assignments = 0;
  std::set<Partition> leaving;  // while they are given away: no seek reaches them any more
  std::map<Partition, Served> served;
  std::map<Partition, std::uint64_t> restoring;  // the ownership that was asked for
  std::map<Partition, Parked> parked;
  // After what it refers to: destroyed first, so that stages end before their sets.
  std::unique_ptr<Transaction> transaction;

  RejectedRecords rejected;
  bool isolating = false;
  std::size_t isolation_limit = kPollRecords;
  std::chrono::milliseconds backoff{0};
  TimePoint published;
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
  SEMEL_TRY(CollectRestored());
  SEMEL_TRY_ASSIGN(kafka::Polled polled, consumer->Poll(PollTimeout(), PollLimit()));
  SEMEL_TRY_ASSIGN(const bool taken, Take(std::move(polled.batch)));
  // After a roll-back the ends lie behind records that will come again.
  if (taken) SEMEL_TRY(TakeEnds(polled.ends));
  if (polled.rebalance) SEMEL_TRY(Rebalanced(*polled.rebalance));
  if (transaction) committer.producer().Serve();
  if (Due()) SEMEL_TRY(Finish());
  DropParked();
  if (parts.budget.Exceeded()) return parts.budget.Full();
  Publish();
  return {};
}

kafka::Milliseconds Lane::Impl::PollTimeout() const {
  kafka::Milliseconds timeout = restoring.empty() ? kIdlePoll : kRestoringPoll;
  if (transaction) {
    const auto left = transaction->opened() + parts.settings.commit_interval - parts.clock.Now();
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
      const Action action = taken.error().action;
      const bool passing = action == Action::kAbort || action == Action::kFenced ||
                           action == Action::kRetry || action == Action::kRejectRecord;
      if (!passing) return taken.error();
      SEMEL_TRY(RollBack(taken.error()));
      return false;
    }
    begin = end;
  }
  fail_point::Pass("after_poll");
  return true;
}

Result<void> Lane::Impl::TakeRun(std::span<const Record> run) {
  const auto found = served.find(run.front().partition);
  if (found == served.end()) return {};
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
    const auto found = served.find(end.partition);
    if (found == served.end()) continue;
    found->second.end = end.offset;
    if (end.offset <= found->second.next) continue;
    SEMEL_TRY_ASSIGN(PartitionWork * work, OpenWork(found->second));
    found->second.next = work->next = end.offset;
  }
  return {};
}

Result<Transaction*> Lane::Impl::Open() {
  if (!transaction) {
    fail_point::Pass("before_begin");
    SEMEL_TRY(committer.producer().Begin());
    transaction = std::make_unique<Transaction>(parts.clock.Now());
  }
  return transaction.get();
}

Result<PartitionWork*> Lane::Impl::OpenWork(Served& partition) {
  SEMEL_TRY_ASSIGN(Transaction * open, Open());
  return &open->Work(*partition.state, owned.at(partition.state->partition));
}

// --- transactions out -------------------------------------------------------------------------

bool Lane::Impl::Due() const {
  if (!transaction) return false;
  return isolating || transaction->records() >= kTransactionRecordsMax ||
         parts.clock.Now() - transaction->opened() >= parts.settings.commit_interval;
}

Result<void> Lane::Impl::Finish() {
  for (const auto& [partition, work] : transaction->works()) {
    if (!work.tally.Complete()) {
      return Error{Action::kFail, "partition " + std::to_string(partition) +
                                      ": counters do not add up; please report"};
    }
  }
  SEMEL_TRY_ASSIGN(const Ended ended,
                   committer.Commit(*transaction, *consumer,
                                    [this](Partition partition, std::uint64_t ownership) {
                                      return Owns(partition, ownership);
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
  transaction->Confirm();
  for (const auto& [partition, work] : transaction->works()) {
    metrics::PartitionSnapshot& count = Counters(partition);
    count.read += work.tally.read;
    count.unique += work.tally.unique;
    count.duplicates += work.tally.duplicates;
    count.missing += work.tally.missing;
    count.invalid += work.tally.invalid;
    count.late += work.tally.late;
    count.rejected += work.tally.rejected;
    rejected.erase(rejected.lower_bound({partition, 0}),
                   rejected.lower_bound({partition, work.next}));
  }
  // Larger steps again, until the refused one is met or everything went through.
  if (isolating && rejected.empty()) isolation_limit *= 2;
  if (isolation_limit >= kPollRecords) isolating = false;
  if (!isolating) isolation_limit = kPollRecords;
  backoff = backoff.zero();
  transaction.reset();
}

/// For an open transaction that is not to be committed.
Result<void> Lane::Impl::RollBack(const Error& why) {
  ++counters.transactions_aborted;
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
  for (auto& [partition, state] : served) {
    if (leaving.contains(partition)) continue;
    state.next = state.state->committed;
    state.end.reset();
    positions[partition] = state.next;
  }
  transaction.reset();
  SEMEL_TRY(consumer->Seek(positions));
  if (why.action == Action::kRejectRecord) return Isolate(why, records, first);
  if (why.action == Action::kConnect || why.action == Action::kStop) return why;
  if (backoff > backoff.zero()) std::this_thread::sleep_for(backoff);
  backoff = std::clamp(backoff * 2, std::chrono::milliseconds{50}, kBackoffMax);
  return {};
}

/// The brokers refuse a whole batch for one record: transactions are halved until it stands alone.
Result<void> Lane::Impl::Isolate(const Error& why, std::size_t records,
                                 std::pair<Partition, Offset> first) {
  if (records <= 1 && !rejected.try_emplace(first, why.message).second) {
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
  std::vector<Partition> partitions;
  for (const auto& work : transaction->works()) partitions.push_back(work.first);
  transaction.reset();
  static_cast<void>(consumer->StopFetching(partitions));
  for (const Partition partition : partitions) {
    served.erase(partition);
    if (owned.contains(partition)) Submit(partition, nullptr);
  }
}

// --- ownership --------------------------------------------------------------------------------

bool Lane::Impl::Owns(Partition partition, std::uint64_t ownership) const {
  const auto found = owned.find(partition);
  return found != owned.end() && found->second == ownership;
}

Result<void> Lane::Impl::Rebalanced(const kafka::Rebalance& rebalance) {
  counters.joined = true;
  if (rebalance.kind == kafka::Rebalance::Kind::kAssigned) {
    SEMEL_TRY(Assigned(rebalance.partitions));
  } else {
    SEMEL_TRY(GiveAway(rebalance));
  }
  return consumer->Acknowledge(rebalance);
}

Result<void> Lane::Impl::Assigned(std::span<const Partition> partitions) {
  for (const Partition partition : partitions) {
    if (partition >= parts.settings.input_partitions) {
      return Error{Action::kStop,
                   "topic " + parts.settings.from + " has more partitions than the " +
                       std::to_string(parts.settings.input_partitions) +
                       " it had at the start. Keys may have moved to other partitions; start again "
                       "with --accept-new-partitions"};
    }
    parts.log.Info("partition assigned",
                   {{"topic", parts.settings.from}, {"partition", std::to_string(partition)}});
    owned[partition] = ++assignments;
    std::unique_ptr<PartitionState> state;
    if (auto kept = parked.extract(partition)) state = std::move(kept.mapped().state);
    Submit(partition, std::move(state));
  }
  return {};
}

void Lane::Impl::Submit(Partition partition, std::unique_ptr<PartitionState> state) {
  // While an earlier restore is on its way back, its result is what asks again.
  const bool under_way = restoring.contains(partition);
  restoring[partition] = owned.at(partition);
  if (under_way) return;
  if (!state) {
    state = std::make_unique<PartitionState>(partition,
                                             OpenMemorySeenSet({.window = parts.settings.window,
                                                                .bits = parts.settings.key.bits,
                                                                .seed = parts.settings.table_seed}),
                                             parts.budget);
  }
  parts.restores.Submit({owned.at(partition), std::move(state)});
}

Result<void> Lane::Impl::GiveAway(const kafka::Rebalance& rebalance) {
  const bool lost = rebalance.kind == kafka::Rebalance::Kind::kLost;
  leaving.insert(rebalance.partitions.begin(), rebalance.partitions.end());
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
    owned.erase(partition);
    if (restoring.contains(partition)) parts.restores.Cancel(partition);
    if (auto gone = served.extract(partition)) Park(std::move(gone.mapped().state));
    if (!parked.contains(partition)) partition_counters[partition].phase = metrics::Phase::kParked;
  }
  leaving.clear();
  return {};
}

Result<void> Lane::Impl::CollectRestored() {
  std::map<Partition, Offset> positions;
  for (RestoreResult& result : parts.restores.Collect()) {
    const Partition partition = result.state->partition;
    const std::uint64_t wanted = restoring.at(partition);
    restoring.erase(partition);
    if (!Owns(partition, result.ownership) || wanted != result.ownership) {
      if (owned.contains(partition)) {
        Submit(partition, result.error ? nullptr : std::move(result.state));
      } else if (!result.error) {
        Park(std::move(result.state));
      }
      continue;
    }
    if (result.error) return *result.error;
    positions[partition] = result.state->committed;
    Served& partition_served = served[partition];
    partition_served.next = result.state->committed;
    partition_served.state = std::move(result.state);
  }
  if (positions.empty()) return {};
  SEMEL_TRY(consumer->StartFetching(positions));
  for (const auto& position : positions) {
    Served& partition = served.at(position.first);
    if (partition.state->owes_commit) SEMEL_TRY(OpenWork(partition));
  }
  return {};
}

void Lane::Impl::Park(std::unique_ptr<PartitionState> state) {
  const Partition partition = state->partition;
  state->AccountMemory();
  parked[partition] = {std::move(state), parts.clock.Now() + kParkedFor};
}

void Lane::Impl::DropParked() {
  const TimePoint now = parts.clock.Now();
  const bool tight = parts.budget.Tight();
  for (auto kept = parked.begin(); kept != parked.end();) {
    if (!tight && now < kept->second.until) {
      ++kept;
      continue;
    }
    partition_counters.erase(kept->first);
    kept = parked.erase(kept);
  }
}

// --- what others see --------------------------------------------------------------------------

metrics::PartitionSnapshot& Lane::Impl::Counters(Partition partition) {
  metrics::PartitionSnapshot& count = partition_counters[partition];
  count.partition = partition;
  count.lane = parts.number;
  return count;
}

void Lane::Impl::WatchBlocked(Partition partition, Served& state) {
  const auto end = consumer->KnownEnd(partition);
  const bool blocked = end && state.end && *state.end == state.next && *end > *state.end;
  const TimePoint now = parts.clock.Now();
  if (!blocked) {
    state.blocked_told = false;
    state.blocked_since = now;
  } else if (!state.blocked_told && now - state.blocked_since > kBlockedNotice) {
    state.blocked_told = true;
    parts.log.Warning("input blocked by an open transaction of somebody else",
                      {{"topic", parts.settings.from},
                       {"partition", std::to_string(partition)},
                       {"offset", std::to_string(*state.end)},
                       {"behind_it", std::to_string(*end - *state.end)}});
  }
  state.blocked = blocked;
}

void Lane::Impl::Publish() {
  const TimePoint now = parts.clock.Now();
  if (now - published < kPublishEvery) return;
  published = now;
  for (auto& [partition, state] : served) {
    WatchBlocked(partition, state);
    metrics::PartitionSnapshot& count = Counters(partition);
    count.phase = metrics::Phase::kServing;
    count.position = state.state->committed;
    count.end = std::max(consumer->KnownEnd(partition).value_or(-1), state.end.value_or(-1));
    count.blocked = state.blocked;
    count.entries = state.state->seen->size();
    count.bytes = state.state->seen->memory_bytes();
    count.oldest_ms = count.entries == 0 ? -1 : state.state->seen->oldest_ms();
  }
  for (const auto& [partition, progress] : parts.restores.Progress()) {
    metrics::PartitionSnapshot& count = Counters(partition);
    count.restored_entries = progress.entries;
    count.restore_position = progress.position;
    count.restore_end = progress.end;
  }
  for (const auto& waiting : restoring) Counters(waiting.first).phase = metrics::Phase::kRestoring;
  for (const auto& kept : parked) Counters(kept.first).phase = metrics::Phase::kParked;
  counters.partitions.clear();
  for (const auto& count : partition_counters) counters.partitions.push_back(count.second);
  parts.board.Publish(counters);
}

Lane::Lane(LaneParts parts, Fingerprinter fingerprinter)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(fingerprinter))) {}

Lane::~Lane() = default;

Result<void> Lane::Run(const std::stop_token& stop) {
  auto ended = impl_->Loop(stop);
  // What is open ends now rather than by its time-out, which would block the next owner.
  if (impl_->transaction)
    static_cast<void>(impl_->committer.Abandon({Action::kAbort, "the lane stops"}));
  impl_->transaction.reset();
  if (impl_->consumer) {
    if (const auto left = impl_->consumer->Leave(kLeaveTimeout); !left) {
      impl_->parts.log.Warning("the group was not left in time", {{"error", left.error().message}});
    }
  }
  impl_->published = {};
  if (impl_->consumer) impl_->Publish();
  return ended;
}

}  // namespace semel::pipeline
