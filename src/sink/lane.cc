#include "sink/lane.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "sink/lane_report.h"
#include "sink/owned.h"
#include "sink/start_positions.h"

namespace semel::sink {
namespace {

using kafka::Milliseconds;
using kafka::Partition;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr Milliseconds kIdlePoll{100};
constexpr Milliseconds kLeaveTimeout{5'000};
constexpr Milliseconds kBackoffMin{100};
constexpr Milliseconds kBackoffMax{5'000};
constexpr Milliseconds kBackoffConnected{500};
constexpr Milliseconds kLook{200};
constexpr std::size_t kPollRecords = 2'000;
constexpr std::size_t kRecordsMax = 50'000;
constexpr std::size_t kBytesMax = std::size_t{16} << 20U;  // kept twice: as records and as lines

/// All that one transaction does.
struct Work {
  std::map<Partition, Move> moves;
  std::map<Partition, std::uint64_t> taken;  ///< records
  Tally tally;
};

bool Passing(Action action) { return action == Action::kRetry || action == Action::kFenced; }

}  // namespace

struct Lane::Impl {
  Impl(const LaneParts& given, postgres::RowEncoder encoder)
      : parts(given),
        settings(given.settings),
        writer({given.database, given.letters, given.settings.on_invalid, given.settings.from,
                given.log},
               std::move(encoder)),
        report(given.board, given.clock, given.settings.from, given.settings.table) {}

  Result<void> Loop(const std::stop_token& stop);
  Result<void> Turn();
  Milliseconds PollTimeout() const;
  std::size_t PollLimit() const;
  bool Due() const;

  Result<void> Take(std::unique_ptr<kafka::Batch> batch);
  void TakeEnds(const std::vector<kafka::EndOfPartition>& ends_of_log);

  Result<void> Finish();
  Result<Work> WriteAll();
  Error Elsewhere();
  Result<void> CheckPositions();
  Result<void> Commit(const Work& work);
  void StepBack();
  Result<void> Recover(const Error& why);
  void WaitAWhile(std::string_view what, const std::string& why);

  bool AllFetching() const;
  Result<void> Resume();
  Result<void> StartFetching();
  void Resolve(const Positions& positions);

  Result<void> Rebalanced(const kafka::Rebalance& rebalance);
  Result<void> GiveAway(const kafka::Rebalance& rebalance);

  Result<bool> ReachedEnds();
  Result<void> LookUpOthers();

  const LaneParts parts;
  const LaneSettings& settings;
  RowWriter writer;
  LaneReport report;
  std::unique_ptr<kafka::LogReader> reader;
  std::optional<StartPositions> start;
  std::unique_ptr<kafka::InputConsumer> consumer;
  OwnedPartitions owned;
  Positions ends;               // of --until-end: of partitions that are not done
  std::optional<Work> unknown;  // a commit that was sent and not answered
  std::size_t records_max = kRecordsMax;
  Milliseconds backoff{0};
  TimePoint next_try{};
  TimePoint next_look{};
};

// --- the loop -----------------------------------------------------------------------------------

Result<void> Lane::Impl::Loop(const std::stop_token& stop) {
  SEMEL_TRY_ASSIGN(reader, parts.client.OpenLogReader());
  start.emplace(StartPositions::Parts{parts.database, *reader, settings.from, settings.partitions,
                                      settings.start});
  if (settings.until_end) {
    SEMEL_TRY_ASSIGN(ends, start->Ends(parts.log));
  }
  SEMEL_TRY_ASSIGN(consumer, parts.client.OpenConsumer());
  while (!stop.stop_requested()) {
    SEMEL_TRY(Turn());
    SEMEL_TRY_ASSIGN(const bool reached, ReachedEnds());
    if (reached) break;
  }
  return Finish();
}

Result<void> Lane::Impl::Turn() {
  SEMEL_TRY(Resume());
  SEMEL_TRY_ASSIGN(kafka::Polled polled, consumer->Poll(PollTimeout(), PollLimit()));
  SEMEL_TRY(Take(std::move(polled.batch)));
  TakeEnds(polled.ends);
  if (polled.rebalance) SEMEL_TRY(Rebalanced(*polled.rebalance));
  if (Due()) SEMEL_TRY(Finish());
  report.PublishNowAndThen(owned, parts.database.open(), *consumer);
  return {};
}

Milliseconds Lane::Impl::PollTimeout() const {
  if (writer.open().empty()) return kIdlePoll;
  const auto left = writer.open().due - parts.clock.Now();
  return std::clamp(std::chrono::ceil<Milliseconds>(left), Milliseconds{0}, kIdlePoll);
}

std::size_t Lane::Impl::PollLimit() const {
  const std::size_t taken = writer.open().records();
  return std::clamp<std::size_t>(records_max - std::min(taken, records_max), 1, kPollRecords);
}

bool Lane::Impl::Due() const {
  const OpenRows& open = writer.open();
  if (writer.failure()) return true;
  if (open.empty())
    return std::ranges::any_of(owned, [](const auto& entry) {
      return entry.second.fetching && entry.second.next > entry.second.committed;
    });
  return open.records() >= records_max || open.bytes >= kBytesMax ||
         open.text.size() >= kBytesMax || parts.clock.Now() >= open.due;
}

// --- records ------------------------------------------------------------------------------------

Result<void> Lane::Impl::Take(std::unique_ptr<kafka::Batch> batch) {
  if (batch->records().empty() || writer.failure()) return {};
  const bool first = writer.open().empty();
  auto found = owned.end();
  for (const Record& record : batch->records()) {
    if (found == owned.end() || found->first != record.partition)
      found = owned.find(record.partition);
    if (found == owned.end() || !found->second.fetching || record.offset < found->second.next)
      continue;
    if (!writer.Take(record)) break;
    found->second.next = record.offset + 1;
    ++found->second.taken;
  }
  writer.Keep(std::move(batch),
              first ? parts.clock.Now() + settings.commit_interval : writer.open().due);
  if (const auto streamed = writer.Stream(); !streamed) return Recover(streamed.error());
  return {};
}

/// Trailing control and aborted records are never delivered; the end tells that they are behind us.
void Lane::Impl::TakeEnds(const std::vector<kafka::EndOfPartition>& ends_of_log) {
  if (writer.failure()) return;
  for (const kafka::EndOfPartition& end : ends_of_log) {
    const auto found = owned.find(end.partition);
    if (found == owned.end() || !found->second.fetching) continue;
    found->second.next = std::max(found->second.next, end.offset);
  }
}

// --- the end of a transaction -------------------------------------------------------------------

Result<void> Lane::Impl::Finish() {
  const auto begun = parts.clock.Now();
  const auto work = WriteAll();
  if (!work) return Recover(work.error());
  if (!work->moves.empty()) {
    if (const auto committed = Commit(*work); !committed) return Recover(committed.error());
    records_max = std::min(kRecordsMax, records_max + records_max / 8 + 1);
    report.Count(work->tally, work->taken);
    report.counters().commit_durations.Add(
        std::chrono::duration<double>(parts.clock.Now() - begun).count());
    backoff = backoff.zero();
  }
  const std::optional<Error> failure = writer.failure();
  writer.Clear();
  if (failure) return *failure;
  return {};
}

Result<Work> Lane::Impl::WriteAll() {
  Work work;
  SEMEL_TRY_ASSIGN(work.tally, writer.Write());
  if (writer.table_refused()) SEMEL_TRY(CheckPositions());
  SEMEL_TRY(writer.SendLetters());
  if (writer.rows_before_failure() < writer.open().rows.size()) StepBack();
  for (const auto& [partition, part] : owned) {
    if (!part.fetching || part.next <= part.committed) continue;
    work.moves[partition] = {part.committed, part.next};
    work.taken[partition] = part.taken;
  }
  return work;
}

Error Lane::Impl::Elsewhere() {
  ++report.counters().fenced;
  return {Action::kFenced,
          "a partition is not where it was believed to be: somebody else has worked on it"};
}

/// A row may be refused because it is there already: one who was taken for dead has committed it
/// meanwhile. That is no fault of the row.
Result<void> Lane::Impl::CheckPositions() {
  SEMEL_TRY_ASSIGN(const Positions positions, parts.database.Read());
  for (const auto& [partition, part] : owned) {
    if (!part.fetching) continue;
    const auto found = positions.find(partition);
    if (found != positions.end() && found->second == part.committed) continue;
    return Elsewhere();
  }
  return {};
}

/// Under the policy to fail: of what was taken, only the rows before the refused one are written.
void Lane::Impl::StepBack() {
  for (auto& entry : owned) {
    entry.second.next = entry.second.committed;
    entry.second.taken = 0;
  }
  for (std::size_t i = 0; i < writer.rows_before_failure(); ++i) {
    const Record& record = *writer.open().rows[i].record;
    owned[record.partition].next = record.offset + 1;
    ++owned[record.partition].taken;
  }
}

Result<void> Lane::Impl::Commit(const Work& work) {
  const auto committed = parts.database.Commit(work.moves);
  if (committed) {
    for (const auto& [partition, move] : work.moves) {
      owned[partition].committed = move.to;
      start->Committed(partition, move.to);
      owned[partition].taken = 0;
    }
    return {};
  }
  if (committed.error().action == Action::kFenced) return Elsewhere();
  if (!parts.database.open()) {
    ++report.counters().unknown;
    unknown = work;
  }
  return committed;
}

/// Whatever went wrong: what is open is dropped, and all partitions are read again from where the
/// database has them. That decides a commit of unknown outcome too. A transaction that was too long
/// for a time limit of the server, for bisecting, or for its dead letters to be acknowledged in
/// time, would be too long for ever, so the next one is half of it; after that they grow slowly,
/// for each one that is too long again costs that time.
Result<void> Lane::Impl::Recover(const Error& why) {
  const std::size_t taken = writer.open().records();
  if (taken > 0 && why.action == Action::kRetry)
    records_max = std::max<std::size_t>(1, std::min(records_max, taken) / 2);
  parts.database.RollBack();
  writer.Clear();
  ++report.counters().rolled_back;
  std::vector<Partition> stopped;
  for (auto& [partition, part] : owned) {
    if (part.fetching) stopped.push_back(partition);
    part.fetching = false;
    part.taken = 0;
  }
  SEMEL_TRY(consumer->StopFetching(stopped));
  if (!Passing(why.action)) return why;
  WaitAWhile(why.action == Action::kFenced ? "fenced; nothing was written"
                                           : "the rows could not be written; they are read again",
             why.message);
  return {};
}

void Lane::Impl::WaitAWhile(std::string_view what, const std::string& why) {
  backoff = std::clamp(backoff * 2, kBackoffMin, kBackoffMax);
  next_try = parts.clock.Now() + backoff;
  parts.log.Warning(what, {{"reason", why}, {"wait_ms", std::to_string(backoff.count())}});
}

// --- the way back -------------------------------------------------------------------------------

bool Lane::Impl::AllFetching() const {
  return std::ranges::all_of(owned, [](const auto& entry) { return entry.second.fetching; });
}

Result<void> Lane::Impl::Resume() {
  if ((AllFetching() && parts.database.open()) || parts.clock.Now() < next_try) return {};
  // Partitions that are read already may have rows in the open transaction.
  SEMEL_TRY(Finish());
  const auto resumed = StartFetching();
  if (resumed || resumed.error().action != Action::kRetry) return resumed;
  WaitAWhile("cannot go on yet; tried again", resumed.error().message);
  return {};
}

Result<void> Lane::Impl::StartFetching() {
  if (!parts.database.open()) {
    SEMEL_TRY(parts.database.Open());
    backoff = std::min(backoff, kBackoffConnected);  // what fails now is not its absence
    parts.log.Info("connected with the database", {{"table", settings.table}});
  }
  SEMEL_TRY(parts.database.EndAbandoned());
  std::vector<Partition> waiting;
  for (const auto& [partition, part] : owned)
    if (!part.fetching) waiting.push_back(partition);
  SEMEL_TRY_ASSIGN(const Positions positions, start->Read(waiting));
  Resolve(positions);
  Positions started;
  for (const Partition partition : waiting) started[partition] = positions.at(partition);
  SEMEL_TRY(consumer->StartFetching(started));
  for (const auto& [partition, offset] : started)
    owned[partition] = {.committed = offset, .next = offset, .fetching = true};
  return {};
}

void Lane::Impl::Resolve(const Positions& positions) {
  if (!unknown) return;
  const bool committed = std::ranges::all_of(unknown->moves, [&](const auto& entry) {
    const auto found = positions.find(entry.first);
    return found != positions.end() && found->second >= entry.second.to;
  });
  if (committed) report.Count(unknown->tally, unknown->taken);
  parts.log.Info("the outcome of a commit was unknown; the positions tell",
                 {{"committed", committed ? "yes" : "no"}});
  unknown.reset();
}

// --- ownership ----------------------------------------------------------------------------------

Result<void> Lane::Impl::Rebalanced(const kafka::Rebalance& rebalance) {
  report.counters().joined = true;
  if (rebalance.kind == kafka::Rebalance::Kind::kAssigned)
    for (const Partition partition : rebalance.partitions) owned.try_emplace(partition);
  else
    SEMEL_TRY(GiveAway(rebalance));
  return consumer->Acknowledge(rebalance);
}

Result<void> Lane::Impl::GiveAway(const kafka::Rebalance& rebalance) {
  // Still ours until it is acknowledged: what is open may be committed. Lost ones may have a new
  // owner, who is not to be made to start again; what is open is dropped then.
  if (rebalance.kind == kafka::Rebalance::Kind::kRevoked) {
    SEMEL_TRY(Finish());
    report.ShowPositions(owned, *consumer);
  } else if (!writer.open().empty()) {
    SEMEL_TRY(Recover({Action::kFenced, "partitions were lost to another member"}));
  }
  SEMEL_TRY(consumer->StopFetching(rebalance.partitions));
  for (const Partition partition : rebalance.partitions) {
    owned.erase(partition);
    report.GivenAway(partition);
  }
  return {};
}

// --- --until-end --------------------------------------------------------------------------------

/// Whoever wrote the rows: partitions of other processes are looked up in the database.
Result<bool> Lane::Impl::ReachedEnds() {
  if (!settings.until_end || !report.counters().joined) return false;
  std::erase_if(ends, [&](const auto& end) {
    const auto found = owned.find(end.first);
    return found != owned.end() && found->second.fetching && found->second.committed >= end.second;
  });
  const bool others =
      std::ranges::any_of(ends, [&](const auto& end) { return !owned.contains(end.first); });
  // Not in the midst of a transaction: this is another question to the same session.
  if (others && writer.open().empty() && parts.database.open() && parts.clock.Now() >= next_look)
    SEMEL_TRY(LookUpOthers());
  return ends.empty();
}

Result<void> Lane::Impl::LookUpOthers() {
  next_look = parts.clock.Now() + kLook;
  const auto positions = parts.database.Read();
  if (!positions) return Recover(positions.error());
  std::erase_if(ends, [&](const auto& end) {
    const auto found = positions->find(end.first);
    return found != positions->end() && found->second >= end.second;
  });
  return {};
}

Lane::Lane(const LaneParts& parts, postgres::RowEncoder encoder)
    : impl_(std::make_unique<Impl>(parts, std::move(encoder))) {}

Lane::~Lane() = default;

Result<void> Lane::Run(const std::stop_token& stop) {
  auto ended = impl_->Loop(stop);
  if (impl_->consumer == nullptr) return ended;
  impl_->report.Publish(impl_->owned, impl_->parts.database.open(), *impl_->consumer);
  impl_->report.ShowPositions(impl_->owned, *impl_->consumer);
  if (const auto left = impl_->consumer->Leave(kLeaveTimeout); !left)
    impl_->parts.log.Warning("the group was not left in time", {{"error", left.error().message}});
  return ended;
}

}  // namespace semel::sink
