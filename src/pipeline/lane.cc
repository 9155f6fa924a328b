#include "pipeline/lane.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/fail_point.h"
#include "pipeline/lane_report.h"
#include "pipeline/record_router.h"
#include "pipeline/snapshot_keeper.h"
#include "pipeline/transactional_input.h"

namespace semel::pipeline {
namespace {

using kafka::Offset;
using kafka::Partition;

constexpr kafka::Milliseconds kIdlePoll{100};
constexpr kafka::Milliseconds kBusyPoll{20};
constexpr kafka::Milliseconds kLeaveTimeout{5000};
constexpr kafka::Milliseconds kSnapshotTimeout{5000};
constexpr std::size_t kPollRecords = 1000;
constexpr std::size_t kTransactionRecordsMax = 50'000;
constexpr std::size_t kTransactionBytesMax = std::size_t{16} << 20U;  // they are kept until its end

}  // namespace

struct Lane::Impl final : InputTaker {
  Impl(LaneParts given, Fingerprinter fingerprinter)
      : parts(std::move(given)),
        report(parts.board, parts.settings.from, parts.number, parts.clock, parts.log),
        input({parts.client, parts.settings, parts.transactional_id, parts.budget, parts.restores,
               parts.clock, parts.log, report.lane(), parts.open_seen_set},
              *this),
        router(parts.settings, std::move(fingerprinter), parts.log),
        snapshots(parts.settings, parts.number, parts.clock, parts.log, parts.disk,
                  parts.open_background) {}

  Result<void> Loop(const std::stop_token& stop);
  Result<void> Work();
  kafka::Milliseconds PollTimeout();
  std::size_t PollLimit() const { return isolating ? isolation_limit : kPollRecords; }
  bool Due();

  Result<bool> Take(std::unique_ptr<kafka::Batch> batch);
  Result<void> TakeRun(std::span<const Record> run);

  void Committed(Transaction& transaction) override;
  Result<void> Refused(const Error& why, std::size_t records,
                       std::pair<Partition, Offset> first) override;
  void GivenAway(Partition partition) override;
  void ForgetRejected(Partition partition, Offset below);

  LaneParts parts;
  LaneReport report;
  TransactionalInput input;
  RecordRouter router;
  SnapshotKeeper snapshots;

  RejectedRecords rejected;
  bool isolating = false;
  std::size_t isolation_limit = kPollRecords;
};

// --- the loop ---------------------------------------------------------------------------------

Result<void> Lane::Impl::Loop(const std::stop_token& stop) {
  SEMEL_TRY(input.Join());
  while (!stop.stop_requested()) SEMEL_TRY(Work());
  if (input.transaction() != nullptr) SEMEL_TRY(input.Finish());
  return {};
}

Result<void> Lane::Impl::Work() {
  SEMEL_TRY_ASSIGN(kafka::Polled polled, input.Poll(PollTimeout(), PollLimit()));
  SEMEL_TRY_ASSIGN(const bool taken, Take(std::move(polled.batch)));
  // After a roll-back the ends lie behind records that will come again.
  if (taken) SEMEL_TRY(input.TakeEnds(polled.ends));
  if (polled.rebalance) SEMEL_TRY(input.Rebalanced(*polled.rebalance));
  if (input.transaction() != nullptr) input.producer().Serve();
  if (Due()) SEMEL_TRY(input.Finish());
  snapshots.Step(input.partitions());
  input.partitions().DropParked();
  if (parts.budget.Exceeded()) return parts.budget.Full();
  report.lane().snapshots_written = snapshots.written();
  report.lane().snapshots_failed = snapshots.failed();
  report.PublishNowAndThen(input.partitions(), *input.consumer());
  return {};
}

kafka::Milliseconds Lane::Impl::PollTimeout() {
  kafka::Milliseconds timeout =
      input.partitions().restoring() || snapshots.copying() ? kBusyPoll : kIdlePoll;
  if (const Transaction* open = input.transaction(); open != nullptr) {
    const auto left = open->due() - parts.clock.Now();
    timeout =
        std::min(timeout, std::chrono::ceil<kafka::Milliseconds>(std::max(left, left.zero())));
  }
  return timeout;
}

bool Lane::Impl::Due() {
  const Transaction* open = input.transaction();
  if (open == nullptr) return false;
  return isolating || open->records() >= kTransactionRecordsMax ||
         open->bytes() >= kTransactionBytesMax || parts.clock.Now() >= open->due();
}

// --- records ----------------------------------------------------------------------------------

/// False when the transaction was rolled back.
Result<bool> Lane::Impl::Take(std::unique_ptr<kafka::Batch> batch) {
  const std::span<const Record> records = batch->records();
  if (records.empty()) return true;
  SEMEL_TRY_ASSIGN(Transaction * open, input.Open());
  open->Keep(std::move(batch));
  for (std::size_t begin = 0; begin < records.size();) {
    std::size_t end = begin + 1;
    while (end < records.size() && records[end].partition == records[begin].partition) ++end;
    const auto taken = TakeRun(records.subspan(begin, end - begin));
    if (!taken) {
      if (!Passing(taken.error().action)) return taken.error();
      SEMEL_TRY(input.RollBack(taken.error()));
      return false;
    }
    begin = end;
  }
  fail_point::Pass("after_poll");
  return true;
}

Result<void> Lane::Impl::TakeRun(std::span<const Record> run) {
  auto& served = input.partitions().served();
  const auto found = served.find(run.front().partition);
  if (found == served.end()) return {};
  Served& partition = found->second;
  // A record that comes twice is taken once: next is moved by assignment, seek and delivery only.
  const auto first = std::find_if(run.begin(), run.end(),
                                  [&](const Record& r) { return r.offset >= partition.next; });
  run = run.subspan(static_cast<std::size_t>(first - run.begin()));
  if (run.empty()) return {};
  SEMEL_TRY_ASSIGN(PartitionWork * work, input.OpenWork(partition));
  SEMEL_TRY(router.Route(run, rejected, parts.clock.WallMs(), *work->stage, input.producer(),
                         work->tally));
  partition.next = work->next = run.back().offset + 1;
  fail_point::Pass("after_output");
  return {};
}

// --- what became of transactions --------------------------------------------------------------

void Lane::Impl::Committed(Transaction& transaction) {
  for (const auto& [partition, work] : transaction.works()) {
    report.lane().spread_copies_sampled += parts.spread.Saw(partition, work.stage->fresh());
    report.Add(partition, work.tally);
    ForgetRejected(partition, work.next);
  }
  // Larger steps again, until the refused one is met or everything went through.
  if (isolating && rejected.empty()) isolation_limit *= 2;
  if (isolation_limit >= kPollRecords) isolating = false;
  if (!isolating) isolation_limit = kPollRecords;
}

/// The brokers refuse a whole batch for one record: transactions are halved until it stands alone.
Result<void> Lane::Impl::Refused(const Error& why, std::size_t records,
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

void Lane::Impl::GivenAway(Partition partition) {
  ForgetRejected(partition, std::numeric_limits<Offset>::max());
}

void Lane::Impl::ForgetRejected(Partition partition, Offset below) {
  rejected.erase(rejected.lower_bound({partition, 0}), rejected.lower_bound({partition, below}));
}

Lane::Lane(LaneParts parts, Fingerprinter fingerprinter)
    : impl_(std::make_unique<Impl>(std::move(parts), std::move(fingerprinter))) {}

Lane::~Lane() = default;

Result<void> Lane::Run(const std::stop_token& stop) {
  auto ended = impl_->Loop(stop);
  TransactionalInput& input = impl_->input;
  input.Leave(kLeaveTimeout);
  if (ended)
    impl_->snapshots.Finish(input.partitions(), impl_->parts.clock.Now() + kSnapshotTimeout);
  if (input.consumer() != nullptr) impl_->report.Publish(input.partitions(), *input.consumer());
  return ended;
}

}  // namespace semel::pipeline
