#include "seen_tool/verify.h"

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/rdkafka_log_reader.h"
#include "pipeline/commit_metadata.h"
#include "seen_tool/commit_check.h"
#include "seen_tool/entries.h"
#include "seen_tool/read_log.h"
#include "wiring/job_topics.h"

namespace semel::seen_tool {
namespace {

class Verifier {
 public:
  Verifier(const JobNames& job, std::string state_dir, const JobShape& shape,
           kafka::LogReader& reader, prove::Activity& activity)
      : job_(job),
        state_dir_(std::move(state_dir)),
        shape_(shape),
        reader_(reader),
        activity_(activity) {
    activity_.topic = &job.changelog;
  }

  /// The committed offset first, as a restart does: what it names is then in what is read.
  Result<PartitionReport> Check(kafka::Partition partition) {
    PartitionReport report{.partition = partition};
    CommitFindings commit{.retention_ms = shape_.retention_ms, .now_ms = SystemClock{}.WallMs()};
    SEMEL_TRY_ASSIGN(commit.before, Committed(partition));
    SEMEL_TRY_ASSIGN(report.log, reader_.Marks(job_.changelog, partition, kAskTimeout));
    commit.log = report.log;
    LogFollower follower(job_.changelog, partition, shape_.retention_ms);
    const auto replayed = Replay(follower, commit);
    Describe(follower, report);
    if (!replayed) {
      if (replayed.error().action != Action::kStop) return replayed.error();
      report.wrong = replayed.error().message;
      return report;
    }
    SEMEL_TRY_ASSIGN(commit.after, Committed(partition));
    commit.end = follower.state().changelog;
    if (const auto fits = CheckCommit(commit); !fits) report.wrong = fits.error().message;
    if (!state_dir_.empty()) SEMEL_TRY(CheckSnapshots(follower, commit.now_ms, report));
    return report;
  }

 private:
  Result<std::optional<kafka::CommittedOffset>> Committed(kafka::Partition partition) {
    SEMEL_TRY_ASSIGN(const auto all, AwaitCommitted(reader_, {&partition, 1}));
    const auto found = all.find(partition);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  }

  Result<void> Replay(LogFollower& follower, CommitFindings& commit) {
    const auto metadata =
        commit.before ? pipeline::ParseCommitMetadata(commit.before->metadata) : std::nullopt;
    const kafka::Partition partition = follower.state().partition;
    return ReadLog(reader_, {job_.changelog, partition, commit.log.low, commit.log.high},
                   [&](const kafka::LogRecord& record) -> Result<void> {
                     ++activity_.records;
                     SEMEL_TRY(follower.Take(record, commit.log.low, commit.now_ms));
                     if (metadata && metadata->changelog_offset == record.offset)
                       commit.named = {record.append_time_ms, *follower.state().changelog.covered};
                     return {};
                   });
  }

  static void Describe(const LogFollower& follower, PartitionReport& report) {
    const pipeline::PartitionState& state = follower.state();
    report.records = follower.records();
    report.entries = state.seen->size();
    report.covered = state.changelog.covered;
    report.oldest_ms = state.seen->oldest_ms();
    report.stream_time_ms = state.seen->stream_time_ms();
  }

  Result<void> CheckSnapshots(const LogFollower& follower, std::int64_t now_ms,
                              PartitionReport& report) {
    const pipeline::PartitionState& state = follower.state();
    const auto files = SnapshotFiles(state_dir_, job_.changelog, report.partition);
    if (files.empty()) return {};
    const ColdReplay cold{.from = job_.from,
                          .changelog = job_.changelog,
                          .partition = report.partition,
                          .log = report.log,
                          .retention_ms = shape_.retention_ms,
                          .now_ms = now_ms,
                          .rule = state.changelog.rule,
                          .epoch = state.changelog.epoch,
                          .stream_time_ms = state.seen->stream_time_ms(),
                          .entries = Collect(*state.seen, Window(state.changelog.rule))};
    for (const std::string& file : files) {
      SEMEL_TRY_ASSIGN(report.snapshots.emplace_back(), CheckSnapshot(file, cold, reader_));
    }
    return {};
  }

  const JobNames& job_;
  const std::string state_dir_;
  const JobShape shape_;
  kafka::LogReader& reader_;
  prove::Activity& activity_;
};

std::string SnapshotText(const SnapshotReport& snapshot) {
  const std::string text = "  snapshot " + snapshot.file + ": ";
  switch (snapshot.state) {
    case SnapshotState::kEqual:
      return text + std::to_string(snapshot.entries) + " entries, " +
             std::to_string(snapshot.tail) + " changelog records after it: ok\n";
    case SnapshotState::kUnused:
      return text + "not used: " + snapshot.text + "\n";
    case SnapshotState::kWrong:
      break;
  }
  return text + "WRONG: " + snapshot.text + "\n";
}

}  // namespace

bool Right(const PartitionReport& report) {
  return report.wrong.empty() &&
         std::ranges::none_of(report.snapshots, [](const SnapshotReport& snapshot) {
           return snapshot.state == SnapshotState::kWrong;
         });
}

std::string ToText(const PartitionReport& report) {
  std::string text =
      "partition " + std::to_string(report.partition) + ": " + std::to_string(report.entries) +
      " entries in " + std::to_string(report.records) + " records, changelog offsets " +
      std::to_string(report.log.low) + " to " + std::to_string(report.log.high) + ", input up to " +
      (report.covered ? std::to_string(*report.covered) : std::string("-")) + ", oldest " +
      TimeText(report.oldest_ms) + ", stream time " + TimeText(report.stream_time_ms) + ": " +
      (report.wrong.empty() ? "ok" : "WRONG: " + report.wrong) + "\n";
  for (const SnapshotReport& snapshot : report.snapshots) text += SnapshotText(snapshot);
  return text;
}

Result<JobShape> FindShape(const JobNames& job, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(job.kafka, logger));
  SEMEL_TRY_ASSIGN(const auto input, admin->Find(job.from, kAskTimeout));
  SEMEL_TRY_ASSIGN(const KnownTopic changelog, Know(*admin, job.changelog));
  if (!changelog.description.exists)
    return Error{Action::kFix, "there is no topic " + job.changelog +
                                   ": give --changelog, or --group if the job has one. If it was "
                                   "deleted, see semel seen rebuild --help"};
  if (changelog.description.partitions < input.partitions)
    return Error{Action::kFix, "topic " + job.changelog + " has " +
                                   std::to_string(changelog.description.partitions) +
                                   " partitions, the input " + job.from + " has " +
                                   std::to_string(input.partitions)};
  return JobShape{input.partitions, std::max<std::int64_t>(0, changelog.Number("retention.ms", 0))};
}

Result<void> Verify(const JobNames& job, const std::string& state_dir, Logger& logger,
                    prove::Activity& activity,
                    const std::function<void(const PartitionReport&)>& report) {
  SEMEL_TRY_ASSIGN(const JobShape shape, FindShape(job, logger));
  SEMEL_TRY_ASSIGN(const auto reader,
                   kafka::RdkafkaLogReader::Open(job.kafka, {job.group, job.from}, logger));
  Verifier verifier(job, state_dir, shape, *reader, activity);
  for (kafka::Partition partition = 0; partition < shape.partitions; ++partition) {
    SEMEL_TRY_ASSIGN(const PartitionReport found, verifier.Check(partition));
    report(found);
  }
  return {};
}

}  // namespace semel::seen_tool
