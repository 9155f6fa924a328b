#include "pipeline/restorer.h"

#include <algorithm>
#include <list>
#include <utility>

#include "base/fail_point.h"
#include "pipeline/commit_metadata.h"
#include "pipeline/restore_job.h"
#include "pipeline/snapshot_files.h"
#include "pipeline/start_position.h"

namespace semel::pipeline {
namespace {

using TimePoint = RestoreJob::Time;

constexpr kafka::Milliseconds kQueryTimeout{1000};
constexpr kafka::Milliseconds kReadTimeout{100};
constexpr std::size_t kSliceBytes = std::size_t{8} * 1024 * 1024;
// Below half of max.poll.interval.ms: what does not come back for so long is an error to be seen.
constexpr std::chrono::seconds kNoProgressLimit{140};
constexpr std::chrono::seconds kBetweenNotices{10};
constexpr std::chrono::seconds kIdleReadLimit{2};

}  // namespace

struct Restorer::Impl {
  Impl(RestorerParts given, RuleIdentity identity, std::unique_ptr<kafka::LogReader> log_reader)
      : parts(given), rule(identity), reader(std::move(log_reader)) {}

  const std::string& topic() const { return parts.settings.topics[kChangelogTopic].name; }

  bool Step();
  void DropCancelled();
  Result<bool> Advance(RestoreJob& job);
  Result<std::optional<kafka::CommittedOffset>> CommittedOf(kafka::Partition partition);
  Result<bool> Ask(RestoreJob& job);
  Result<void> FindFirstStart(RestoreJob& job);
  void ForgetIfUnfit(RestoreJob& job);
  bool MayBeOld(OldAnswer& answer, bool looks_old) const;
  static void SkipToTail(RestoreJob& job);
  Result<bool> LoadSlice(RestoreJob& job);
  Result<void> Account(RestoreJob& job, std::uint64_t entries);
  static kafka::Offset Next(RestoreJob& job);
  Result<void> Position(RestoreJob& job);
  Result<bool> ReadSlice(RestoreJob& job);
  Result<bool> AskAgainIfCut(RestoreJob& job, const Error& why);
  Result<bool> DistrustSnapshot(RestoreJob& job);
  Result<bool> AfterSlice(RestoreJob& job, const kafka::LogSlice& slice);
  Result<bool> StillCommitted(RestoreJob& job);
  Result<bool> Conclude(RestoreJob& job);
  Result<bool> Wait(RestoreJob& job, const std::string& reason);
  void Finish(std::list<RestoreJob>::iterator job, std::optional<Error> error);

  RestorerParts parts;
  RuleIdentity rule;
  std::unique_ptr<kafka::LogReader> reader;
  std::list<RestoreJob> jobs;
  TimePoint progressed;  ///< of any job: they take turns, so none can wait while another goes on
};

bool Restorer::Impl::Step() {
  for (RestoreRequest& request : parts.queue.Take()) {
    if (jobs.empty()) progressed = parts.clock.Now();
    jobs.emplace_back(std::move(request), parts.client, parts.log, parts.clock.Now());
  }
  DropCancelled();
  if (jobs.empty()) return false;
  const auto job = jobs.begin();
  const auto done = Advance(*job);
  if (!done) {
    Finish(job, done.error());
  } else if (*done) {
    Finish(job, std::nullopt);
  } else if (!job->waiting_for.empty() && jobs.size() > 1) {
    // Whoever waits lets the others go first.
    job->opened = false;
    jobs.splice(jobs.end(), jobs, job);
  }
  return true;
}

void Restorer::Impl::DropCancelled() {
  for (auto next = jobs.begin(); next != jobs.end();) {
    const auto job = next++;
    if (!parts.queue.TakeCancelled(job->state().partition)) continue;
    // A replay leaves entries out, a snapshot is not confirmed yet: no state to continue from.
    if (job->replay_from || job->snapshot || job->unconfirmed)
      job->Forget();
    else
      job->state().unsaved += job->replayed();
    Finish(job, std::nullopt);
  }
}

void Restorer::Impl::Finish(std::list<RestoreJob>::iterator job, std::optional<Error> error) {
  job->state().AccountMemory();
  parts.queue.Finish({job->request.ownership, std::move(job->request.state), std::move(error)});
  jobs.erase(job);
  if (jobs.empty()) reader->Close();
}

/// True when the partition can be served.
Result<bool> Restorer::Impl::Advance(RestoreJob& job) {
  job.waiting_for.clear();
  if (job.snapshot) return LoadSlice(job);
  if (!job.replay) return Ask(job);
  if (!job.opened) SEMEL_TRY(Position(job));
  return ReadSlice(job);
}

Result<bool> Restorer::Impl::Wait(RestoreJob& job, const std::string& reason) {
  const TimePoint now = parts.clock.Now();
  job.waiting_for = reason;
  if (now - progressed > kNoProgressLimit) {
    return Error{Action::kConnect, "topic " + topic() + " partition " +
                                       std::to_string(job.state().partition) +
                                       ": no progress of the restore for 140 s: " + reason};
  }
  if (now - job.noticed > kBetweenNotices) {
    job.noticed = now;
    parts.log.Warning("restore waits", {{"topic", topic()},
                                        {"partition", std::to_string(job.state().partition)},
                                        {"reason", reason}});
  }
  return false;
}

/// The group's stable offset; empty where it has none.
Result<std::optional<kafka::CommittedOffset>> Restorer::Impl::CommittedOf(
    kafka::Partition partition) {
  SEMEL_TRY_ASSIGN(const auto committed, reader->Committed({&partition, 1}, kQueryTimeout));
  const auto found = committed.find(partition);
  return found == committed.end() ? std::nullopt : std::optional(found->second);
}

/// The stable offset first, the high watermark after it: a commit of a dying owner between the two
/// is then in what is replayed.
Result<bool> Restorer::Impl::Ask(RestoreJob& job) {
  const kafka::Partition partition = job.state().partition;
  const auto committed = CommittedOf(partition);
  if (!committed) {
    if (committed.error().action != Action::kRetry) return committed.error();
    if (parts.settings.remembers) job.blocked.Found(*reader, topic(), partition, parts.clock.Now());
    return Wait(job, committed.error().message);
  }
  const auto changelog = parts.settings.remembers ? reader->Marks(topic(), partition, kQueryTimeout)
                                                  : Result<kafka::Watermarks>(kafka::Watermarks{});
  const auto input = reader->Marks(parts.settings.from, partition, kQueryTimeout);
  for (const auto* marks : {&changelog, &input}) {
    if (*marks) continue;
    if (marks->error().action != Action::kRetry) return marks->error();
    return Wait(job, marks->error().message);
  }
  job.blocked.Cleared();
  job.findings.committed = *committed;
  job.findings.changelog = *changelog;
  job.findings.input = *input;
  job.findings.now_ms = parts.clock.WallMs();
  if (const auto start = FindFirstStart(job); !start) {
    if (start.error().action != Action::kRetry) return start.error();
    return Wait(job, start.error().message);
  }
  if (MayBeOld(job.cut, EndsBeforeCommitted(parts.settings, job.findings)))
    return Wait(job,
                "a log ends before what is committed; its leader may be one that has been "
                "replaced and does not know");
  if (!parts.settings.remembers) {
    job.Forget();  // of the time when it was ours before
    progressed = parts.clock.Now();
    return Conclude(job);
  }
  SEMEL_TRY(CheckCommitted(parts.settings, partition, job.findings));
  ForgetIfUnfit(job);
  if (parts.settings.durable_seen_sets) SkipToTail(job);
  progressed = parts.clock.Now();
  if (job.state().changelog.next == 0 && !parts.settings.snapshot_dir.empty()) {
    job.snapshot.emplace(parts.settings, rule, job.findings.changelog, job.state(), parts.disk,
                         parts.log);
    return false;
  }
  SEMEL_TRY(Position(job));
  return false;
}

/// If so, after a moment.
bool Restorer::Impl::MayBeOld(OldAnswer& answer, bool looks_old) const {
  const bool may_be = answer.MayBe(looks_old, parts.clock.Now());
  if (may_be) parts.clock.Sleep(kReadTimeout);
  return may_be;
}

Result<bool> Restorer::Impl::LoadSlice(RestoreJob& job) {
  const bool more = job.snapshot->Step();
  progressed = parts.clock.Now();
  SEMEL_TRY(Account(job, job.snapshot->entries()));
  if (more) return false;
  job.unconfirmed = job.state().changelog.next > 0;
  job.snapshot.reset();
  SEMEL_TRY(Position(job));
  return false;
}

/// What the restore holds so far, and how far it is.
Result<void> Restorer::Impl::Account(RestoreJob& job, std::uint64_t entries) {
  PartitionState& state = job.state();
  state.AccountMemory();
  if (parts.budget.Exceeded()) return parts.budget.Full();
  parts.queue.Report(
      state.partition,
      {.entries = entries, .position = state.changelog.next, .end = job.findings.changelog.high});
  return {};
}

Result<void> Restorer::Impl::FindFirstStart(RestoreJob& job) {
  const StartPoint& start = parts.settings.start;
  job.findings.first_start = job.findings.input.low;
  if (job.findings.committed) return {};
  if (start.kind == StartPoint::Kind::kLatest)
    job.findings.first_start = job.findings.input.last_stable;
  if (start.kind == StartPoint::Kind::kTime) {
    SEMEL_TRY_ASSIGN(
        job.findings.first_start,
        reader->OffsetAt(parts.settings.from, job.state().partition, start.time_ms, kQueryTimeout));
  }
  return {};
}

/// A kept state continues where it stopped, unless the log no longer reaches back to there, or a
/// replay left entries out of it that no commit made void.
void Restorer::Impl::ForgetIfUnfit(RestoreJob& job) {
  const PartitionState& state = job.state();
  const kafka::Watermarks& log = job.findings.changelog;
  const bool follows = state.changelog.next >= log.low && state.changelog.next <= log.high;
  if (!follows || state.rewinds) job.Forget();
}

/// Where nothing is taken from the records but how far they are, the last committed one will do.
void Restorer::Impl::SkipToTail(RestoreJob& job) {
  ChangelogPosition& position = job.state().changelog;
  if (position.next > 0 || !job.findings.committed) return;
  const auto metadata = ParseCommitMetadata(job.findings.committed->metadata);
  if (metadata && metadata->changelog_offset < job.findings.changelog.high)
    position.next = position.last = metadata->changelog_offset;
}

/// The first changelog offset that is left to read.
kafka::Offset Restorer::Impl::Next(RestoreJob& job) {
  return std::max(job.state().changelog.next, job.findings.changelog.low);
}

/// (Re)opens the reader where the state stands.
Result<void> Restorer::Impl::Position(RestoreJob& job) {
  PartitionState& state = job.state();
  const kafka::Offset from = job.unconfirmed ? state.changelog.last : Next(job);
  if (!job.replay) {
    job.replay = std::make_unique<ChangelogReplay>(
        ChangelogReplay::Settings{.topic = topic(),
                                  .rule = rule,
                                  .retention_ms = parts.settings.changelog_retention.count(),
                                  .gap_accepted = parts.settings.accepted.gap,
                                  .replay_from = job.replay_from},
        state);
  }
  SEMEL_TRY(reader->Open(topic(), state.partition, from));
  job.opened = true;
  job.log_end.reset();
  return {};
}

Result<bool> Restorer::Impl::ReadSlice(RestoreJob& job) {
  fail_point::Pass("in_restore");
  // Where a transaction was open at the end, its marker came behind that: read on to it.
  const kafka::Watermarks& log = job.findings.changelog;
  if (!job.unconfirmed && log.last_stable >= log.high && Next(job) >= log.high)
    return Conclude(job);
  const auto slice = reader->Read(kReadTimeout, kSliceBytes);
  if (!slice) {
    if (slice.error().action != Action::kRetry) return AskAgainIfCut(job, slice.error());
    return Wait(job, slice.error().message);
  }
  if (slice->end || !slice->records.empty()) job.cut = {};
  for (const kafka::LogRecord& record : slice->records) {
    if (job.unconfirmed) {
      if (!SnapshotLoad::Confirms(record, job.state())) return DistrustSnapshot(job);
      job.unconfirmed = false;
    } else {
      SEMEL_TRY(job.replay->Apply(record, job.findings.changelog.low, job.findings.now_ms));
    }
  }
  SEMEL_TRY(Account(job, job.replay->entries()));
  return AfterSlice(job, *slice);
}

/// Retention may have taken what was to be read next. Then everything is asked anew: what is read
/// from the new start on tells whether that was old enough to go. Or the log of a leader that was
/// replaced ends before.
Result<bool> Restorer::Impl::AskAgainIfCut(RestoreJob& job, const Error& why) {
  job.opened = false;
  const auto marks = reader->Marks(topic(), job.state().partition, kQueryTimeout);
  if (!marks) {
    if (marks.error().action != Action::kRetry) return marks.error();
    return Wait(job, marks.error().message);
  }
  if (marks->low > job.findings.changelog.low) {
    job.StartOver();
    return false;
  }
  return MayBeOld(job.cut, true) ? Wait(job, why.message) : why;
}

/// The changelog is not the one that it was made from: all of that is read instead.
Result<bool> Restorer::Impl::DistrustSnapshot(RestoreJob& job) {
  parts.log.Warning("snapshot ignored",
                    {{"file", SnapshotPath(parts.settings, job.state().partition)},
                     {"reason", "the changelog has another record in the place of its last one"}});
  job.unconfirmed = false;
  job.Forget();
  job.replay.reset();
  SEMEL_TRY(Position(job));
  return false;
}

Result<bool> Restorer::Impl::AfterSlice(RestoreJob& job, const kafka::LogSlice& slice) {
  const kafka::Offset high = job.findings.changelog.high;
  const TimePoint now = parts.clock.Now();
  if (!slice.records.empty()) {
    progressed = now;
    job.log_end.reset();
  }
  if (slice.end) job.log_end = slice.end;
  // Never the last stable offset alone: the open transaction of a dead owner may hide records of a
  // later one behind it.
  if (job.log_end && *job.log_end >= high)
    return job.unconfirmed ? DistrustSnapshot(job) : Conclude(job);
  if (job.log_end) {
    job.blocked.Found(*reader, topic(), job.state().partition, now);
    return Wait(job, "an open transaction hides the end of the changelog from offset " +
                         std::to_string(*job.log_end));
  }
  // An idle read in between is usual; only a long one is worth words.
  if (now - progressed > kIdleReadLimit)
    return Wait(job, "the brokers do not deliver the changelog");
  return false;
}

/// Before anything unusual is done: a successor that we do not know of yet may have committed after
/// the offset was asked for and before the log's end was. False: asks again, now or later.
Result<bool> Restorer::Impl::StillCommitted(RestoreJob& job) {
  const auto committed = CommittedOf(job.state().partition);
  if (!committed) {
    if (committed.error().action != Action::kRetry) return committed.error();
    return Wait(job, committed.error().message);
  }
  if (*committed == job.findings.committed) return true;
  if (job.replay_from) job.Forget();
  job.replay_from.reset();
  job.replay.reset();
  return false;
}

Result<bool> Restorer::Impl::Conclude(RestoreJob& job) {
  PartitionState& state = job.state();
  if (!job.replay_from && MayBeOld(job.behind, LiesBehindChangelog(job.findings, state))) {
    state.unsaved += job.replayed();
    job.replay.reset();  // and everything is asked anew
    return Wait(job,
                "the committed offset or the end of the input lies behind the changelog; a broker "
                "that has been replaced and does not know may have told it");
  }
  auto decided = DecideStart(parts.settings, rule, job.findings, state);
  if (!decided || decided->rewinds || decided->skips) {
    SEMEL_TRY_ASSIGN(const bool stands, StillCommitted(job));
    if (!stands) return false;
  }
  if (!decided) return decided.error();
  StartPosition& start = *decided;
  if (start.replay && !job.replay_from) {
    job.Forget();
    job.replay.reset();
    job.replay_from = start.offset;
    SEMEL_TRY(Position(job));
    return false;
  }
  if (state.changelog.epoch == 0 || !(state.changelog.rule == rule)) {
    state.seen->Clear();
    ++state.changelog.epoch;
    state.changelog.rule = rule;
  }
  state.unsaved += job.replayed();
  if (parts.settings.remembers)
    state.changelog.unproven_end = std::max(job.log_end.value_or(0), Next(job));
  state.committed = start.offset;
  state.has_committed = job.findings.committed.has_value();
  state.rewinds = start.rewinds;
  state.skips = start.skips;
  state.owes_commit = start.owes_commit;
  if (!start.notice.empty()) {
    parts.log.Warning(start.notice, {{"topic", parts.settings.from},
                                     {"partition", std::to_string(state.partition)}});
  }
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(parts.clock.Now() - job.started);
  parts.log.Info("partition restored", {{"topic", parts.settings.from},
                                        {"partition", std::to_string(state.partition)},
                                        {"entries", std::to_string(state.seen->size())},
                                        {"replayed", std::to_string(job.replayed())},
                                        {"offset", std::to_string(state.committed)},
                                        {"milliseconds", std::to_string(took.count())}});
  return true;
}

RuleIdentity RuleOf(const Fingerprinter& fingerprinter, const LaneSettings& settings) {
  RuleIdentity rule{.rule_hash = fingerprinter.RuleHash(),
                    .window_ms = settings.window.count(),
                    .bits = settings.key.bits};
  if (settings.durable_seen_sets)
    for (std::uint8_t& byte : rule.rule_hash) byte = static_cast<std::uint8_t>(~byte);
  return rule;
}

Restorer::Restorer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Restorer::~Restorer() = default;

Result<std::unique_ptr<Restorer>> Restorer::Open(RestorerParts parts) {
  SEMEL_TRY_ASSIGN(const Fingerprinter fingerprinter, Fingerprinter::Open(parts.settings.key));
  const RuleIdentity rule = RuleOf(fingerprinter, parts.settings);
  SEMEL_TRY_ASSIGN(auto reader, parts.client.OpenLogReader());
  return std::unique_ptr<Restorer>(
      new Restorer(std::make_unique<Impl>(parts, rule, std::move(reader))));
}

bool Restorer::Step() { return impl_->Step(); }

void Restorer::Run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (!Step()) impl_->parts.queue.WaitForWork(kReadTimeout);
  }
}

}  // namespace semel::pipeline
