#include "pipeline/committer.h"

#include <algorithm>
#include <utility>

#include "base/fail_point.h"
#include "pipeline/old_answer.h"

namespace semel::pipeline {
namespace {

// Below the transaction time-out of 5 s, after which the coordinator aborts by itself.
constexpr kafka::Milliseconds kFlushTimeout{4000};
constexpr kafka::Milliseconds kOffsetsTimeout{3000};
constexpr kafka::Milliseconds kCommitTimeout{5000};
constexpr kafka::Milliseconds kInitTimeout{5000};
constexpr kafka::Milliseconds kReadBackTimeout{1000};
// Below half of max.poll.interval.ms.
constexpr std::chrono::seconds kBrokersAwayLimit{140};
constexpr std::chrono::milliseconds kBetweenTries{100};
constexpr std::chrono::seconds kFencingPeriod{60};
constexpr std::size_t kFencingsMax = 5;

constexpr const char* kWrittenSince =
    "somebody else wrote to the changelog after it was read, or a broker that had been replaced "
    "told where it ends; it is read again";

}  // namespace

Committer::Committer(kafka::Client& client, const LaneSettings& settings,
                     std::string transactional_id, const Clock& clock, Logger& log,
                     metrics::LaneSnapshot& counters)
    : client_(client),
      settings_(settings),
      transactional_id_(std::move(transactional_id)),
      clock_(clock),
      log_(log),
      counters_(counters),
      fencings_(kFencingPeriod) {}

Result<void> Committer::Open() { return Open(clock_.Now() + kBrokersAwayLimit); }

Result<void> Committer::Open(std::chrono::steady_clock::time_point deadline) {
  for (;;) {
    SEMEL_TRY_ASSIGN(producer_, client_.OpenProducer());
    const auto left = std::chrono::ceil<kafka::Milliseconds>(deadline - clock_.Now());
    const auto initialised = producer_->Init(std::clamp(left, left.zero(), kInitTimeout));
    if (initialised) return {};
    const Action action = initialised.error().action;
    if (action == Action::kFenced) SEMEL_TRY(CountFencing());
    if ((action != Action::kRetry && action != Action::kFenced && action != Action::kAbort) ||
        clock_.Now() >= deadline) {
      producer_.reset();
      return initialised.error();
    }
    log_.Warning("the transaction coordinator does not answer; trying again",
                 {{"transactional_id", transactional_id_}, {"error", initialised.error().message}});
    clock_.Sleep(kBetweenTries);
  }
}

Result<void> Committer::CountFencing() {
  ++counters_.fenced;
  if (fencings_.Add(clock_.Now()) <= kFencingsMax) return {};
  return Error{
      Action::kStop,
      "another process keeps taking the transactional id " + transactional_id_ +
          " (fenced more than 5 times within 60 s). Give each process an --instance of its "
          "own"};
}

Result<void> Committer::Abandon(const Error& why) {
  return Abandon(why, clock_.Now() + kBrokersAwayLimit);
}

Result<void> Committer::Abandon(const Error& why, std::chrono::steady_clock::time_point deadline) {
  log_.Warning("transaction rolled back; its input will be read again",
               {{"transactional_id", transactional_id_}, {"error", why.message}});
  if (why.action == Action::kFenced) SEMEL_TRY(CountFencing());
  ++counters_.producer_replacements;
  producer_.reset();
  return Open(deadline);
}

Result<void> Committer::ReplaceIfTainted() {
  if (!producer_->tainted()) return {};
  log_.Info("a transactional request was never answered; replacing the producer",
            {{"transactional_id", transactional_id_}});
  ++counters_.producer_replacements;
  producer_.reset();
  return Open();
}

Result<void> Committer::Prepare(Transaction& transaction, kafka::InputConsumer& consumer,
                                const std::function<bool(kafka::Partition, std::uint64_t)>& owned) {
  if (settings_.remembers) SEMEL_TRY(transaction.ProduceChangelog(transactional_id_, *producer_));
  SEMEL_TRY_ASSIGN(const auto landed, producer_->Flush(kFlushTimeout));
  transaction.Landed(landed);
  if (transaction.overtaken()) return Error{Action::kAbort, kWrittenSince};
  fail_point::Pass("after_changelog");
  for (const auto& [partition, work] : transaction.works()) {
    if (owned(partition, work.ownership)) continue;
    return Error{Action::kAbort,
                 "partition " + std::to_string(partition) + " was given away meanwhile"};
  }
  SEMEL_TRY_ASSIGN(const kafka::GroupToken token, consumer.Membership());
  if (!token.fenced()) return Error{Action::kAbort, "not a member of the group at the moment"};
  SEMEL_TRY(producer_->SendOffsets(transaction.Offsets(settings_.input_partitions), token,
                                   kOffsetsTimeout));
  fail_point::Pass("after_send_offsets");
  return {};
}

kafka::CommitResult Committer::SendCommit() {
  if (fail_point::Fails("commit_lost")) {
    return {kafka::CommitOutcome::kUnknown, {Action::kAbort, "fail point: the request was lost"}};
  }
  const kafka::CommitResult result = producer_->Commit(kCommitTimeout);
  if (fail_point::Fails("commit_sent")) {
    return {kafka::CommitOutcome::kUnknown, {Action::kAbort, "fail point: the answer was lost"}};
  }
  return result;
}

Result<Ended> Committer::Commit(Transaction& transaction, kafka::InputConsumer& consumer,
                                const std::function<bool(kafka::Partition, std::uint64_t)>& owned) {
  const auto started = clock_.Now();
  if (const auto prepared = Prepare(transaction, consumer, owned); !prepared) {
    // EndTxn was never sent, so this outcome is known.
    ++counters_.transactions_aborted;
    SEMEL_TRY(Abandon(prepared.error()));
    return Ended{transaction.overtaken() ? Ended::How::kOvertaken : Ended::How::kAborted,
                 prepared.error()};
  }
  const kafka::CommitResult result = SendCommit();
  if (result.outcome == kafka::CommitOutcome::kUnknown) {
    ++counters_.transactions_unknown;
    return Resolve(transaction, result.error);
  }
  fail_point::Pass("after_commit");
  ++counters_.transactions_committed;
  last_took_ = clock_.Now() - started;
  counters_.commit_durations.Add(std::chrono::duration<double>(last_took_).count());
  return Ended{Ended::How::kCommitted, {}};
}

/// A new producer with the same id first: its Init waits until the transaction is decided and
/// fences what is still under way. Only then do the stable offsets tell what happened. The old ones
/// may come from a coordinator that was replaced and does not know it, and has never seen the new
/// ones: they are believed when they are still told after a while.
Result<Ended> Committer::Resolve(Transaction& transaction, const Error& why) {
  log_.Warning("the outcome of a commit is not known; reading the offsets back",
               {{"transactional_id", transactional_id_}, {"error", why.message}});
  if (why.action == Action::kFenced) SEMEL_TRY(CountFencing());
  ++counters_.producer_replacements;
  producer_.reset();
  SEMEL_TRY(Open());
  const auto deadline = clock_.Now() + kBrokersAwayLimit;
  OldAnswer old;
  for (;;) {
    SEMEL_TRY_ASSIGN(const auto found, ReadBack(transaction, deadline));
    const Ended::How how = Compare(transaction, found);
    if (old.MayBe(how == Ended::How::kAborted, clock_.Now())) {
      clock_.Sleep(kBetweenTries);
      continue;
    }
    const bool committed = how == Ended::How::kCommitted;
    ++(committed ? counters_.transactions_committed : counters_.transactions_aborted);
    return Ended{how, committed ? Error{} : why};
  }
}

/// The group's offsets against those before the transaction and those that it sent.
Ended::How Committer::Compare(
    const Transaction& transaction,
    const std::map<kafka::Partition, kafka::CommittedOffset>& found) const {
  const auto sent = transaction.Offsets(settings_.input_partitions);
  bool all_new = true;
  bool all_old = true;
  for (const auto& [partition, work] : transaction.works()) {
    const auto offset = found.find(partition);
    const bool present = offset != found.end();
    // A commit that moves no offset is told by its metadata, which names its changelog record.
    all_new &= present && offset->second == sent.at(partition);
    all_old &= present == work.state->has_committed &&
               (!present || offset->second.offset == work.state->committed);
  }
  if (all_new) return Ended::How::kCommitted;
  return all_old ? Ended::How::kAborted : Ended::How::kElsewhere;
}

Result<std::map<kafka::Partition, kafka::CommittedOffset>> Committer::ReadBack(
    const Transaction& transaction, std::chrono::steady_clock::time_point deadline) {
  std::vector<kafka::Partition> partitions;
  for (const auto& offset : transaction.Offsets(settings_.input_partitions))
    partitions.push_back(offset.first);
  if (!reader_) {
    SEMEL_TRY_ASSIGN(reader_, client_.OpenLogReader());
  }
  for (;;) {
    auto committed = reader_->Committed(partitions, kReadBackTimeout);
    if (committed || committed.error().action != Action::kRetry || clock_.Now() > deadline)
      return committed;
    clock_.Sleep(kBetweenTries);
  }
}

}  // namespace semel::pipeline
