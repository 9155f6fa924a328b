#include "seen_tool/rebuild.h"

#include "base/clock.h"
#include "pipeline/commit_metadata.h"
#include "seen_tool/entries.h"
#include "seen_tool/held_job.h"
#include "seen_tool/output_reader.h"
#include "seen_tool/read_log.h"
#include "seen_tool/rebuilt_log.h"
#include "wiring/job_topics.h"

namespace semel::seen_tool {
namespace {

using kafka::Partition;

JobNames NamesOf(const DedupOptions& options) {
  return {options.kafka, options.from, options.group, options.changelog};
}

/// What a partition was found to be.
struct Found {
  kafka::CommittedOffset committed{};
  pipeline::CommitMetadata metadata{};
  PartitionRebuilt::How how = PartitionRebuilt::How::kRebuilt;
};

class Rebuilder {
 public:
  Rebuilder(const DedupOptions& options, Fingerprinter fingerprinter, JobTopics topics,
            Logger& logger, prove::Activity& activity)
      : options_(options),
        fingerprinter_(std::move(fingerprinter)),
        rule_{fingerprinter_.RuleHash(), options.window.count(), fingerprinter_.bits()},
        topics_(std::move(topics)),
        logger_(logger),
        activity_(activity),
        names_(NamesOf(options)),
        job_(names_,
             {topics_.input.description.partitions,
              std::max<std::int64_t>(0, topics_.changelog.Number("retention.ms", 0))},
             "rebuild", logger) {}

  Result<void> Run(const std::function<void(const PartitionRebuilt&)>& report) {
    SEMEL_TRY(job_.Take());
    SEMEL_TRY_ASSIGN(const auto committed, job_.Committed());
    if (committed.empty())
      return Stop("group " + options_.group + " has no committed offset for " + options_.from +
                  ": nothing says up to where the output goes. Check --group; if the group is "
                  "lost too, start over with another --group and output");
    // All of them first, so that what is refused is refused before anything is written.
    std::map<Partition, Found> found;
    for (Partition partition = 0; partition < partitions(); ++partition) {
      SEMEL_TRY(job_.StillOurs());
      const auto offset = committed.find(partition);
      SEMEL_TRY_ASSIGN(found[partition], offset == committed.end()
                                             ? FindUnread(partition)
                                             : Find(partition, offset->second));
    }
    for (const auto& [partition, state] : found) {
      SEMEL_TRY_ASSIGN(const PartitionRebuilt done, Do(partition, state));
      report(done);
    }
    return {};
  }

 private:
  static Error Stop(const std::string& what) { return {Action::kStop, what}; }
  std::int32_t partitions() const { return topics_.input.description.partitions; }
  std::string Log(Partition partition) const {
    return "changelog " + options_.changelog + " partition " + std::to_string(partition);
  }

  Result<Found> FindUnread(Partition partition) {
    SEMEL_TRY_ASSIGN(const auto output, job_.reader().Marks(options_.to, partition, kAskTimeout));
    SEMEL_TRY_ASSIGN(const auto log,
                     job_.reader().Marks(options_.changelog, partition, kAskTimeout));
    if (output.high == 0 && log.high == 0) return Found{.how = PartitionRebuilt::How::kNeverRead};
    return Stop("group " + options_.group + " has no committed offset for " + options_.from +
                " partition " + std::to_string(partition) +
                ", but output or changelog have records of it: the group is not the one that "
                "wrote them. Check --group");
  }

  Result<Found> Find(Partition partition, const kafka::CommittedOffset& committed) {
    const auto metadata = pipeline::ParseCommitMetadata(committed.metadata);
    if (!metadata)
      return Stop("the committed offset " + std::to_string(committed.offset) + " of " +
                  options_.from + " partition " + std::to_string(partition) +
                  " was not written by semel dedup: somebody moved it, and nothing says how much "
                  "of the output belongs to it. Start over with another --group and output");
    Found found{committed, *metadata};
    SEMEL_TRY_ASSIGN(const auto follower, job_.ReadChangelog(partition));
    const pipeline::ChangelogPosition& end = follower->state().changelog;
    if (end.last < 0) return found;
    if (end.covered != committed.offset || end.last != metadata->changelog_offset)
      return Stop(Log(partition) +
                  " is not empty: rebuild is for one that was deleted and made "
                  "anew. What is wrong with this one: semel seen verify");
    if (!(end.rule == rule_))
      return Stop(Log(partition) +
                  " is whole, but under another key rule or window. Give those of "
                  "the job; if an earlier rebuild had the wrong ones, delete the "
                  "topic once more");
    found.how = PartitionRebuilt::How::kThereAlready;
    return found;
  }

  Result<PartitionRebuilt> Do(Partition partition, const Found& found) {
    PartitionRebuilt done{
        .partition = partition, .how = found.how, .committed = found.committed.offset};
    if (found.how != PartitionRebuilt::How::kRebuilt) return done;
    SEMEL_TRY_ASSIGN(RebuiltLog log, ReadEvents(partition, found, done));
    SEMEL_TRY_ASSIGN(const auto records, PackRebuilt(std::move(log)));
    SEMEL_TRY(
        job_.Write({partition, found.committed.offset, found.metadata.input_partitions}, records));
    return done;
  }

  Result<RebuiltLog> ReadEvents(Partition partition, const Found& found, PartitionRebuilt& done) {
    const OutputRule rule{
        .from = options_.from,
        .window = options_.window,
        .judge_missing = options_.policies.missing.kind == pipeline::Policy::Kind::kDedup,
        .clock_ms = found.metadata.append_ms};
    OutputReplay replay(rule, fingerprinter_);
    activity_.topic = &options_.to;
    const auto tick = [this, &replay] {
      activity_.records = replay.counts().records;
      return job_.StillOurs();
    };
    SEMEL_TRY_ASSIGN(const auto ends, ReadOutput({options_.kafka, options_.to, partition}, rule,
                                                 job_.reader(), replay, tick, logger_));
    SEMEL_TRY(CheckFront(partition, ends, replay.stream_time_ms()));
    RebuiltLog log{.rule = rule_,
                   .transactional_id = job_.transactional_id(),
                   .partition = partition,
                   .committed = found.committed.offset,
                   .stream_time_ms = replay.stream_time_ms(),
                   .entries = replay.Entries()};
    done.entries = log.entries.size();
    done.output = replay.counts();
    for (const Sighting& entry : log.entries)
      if (done.oldest_ms == 0 || entry.time_ms < done.oldest_ms) done.oldest_ms = entry.time_ms;
    return log;
  }

  Result<void> CheckFront(Partition partition, const kafka::Watermarks& ends,
                          std::int64_t stream_time_ms) {
    const bool lacks =
        MayLackEvents({.low = ends.low,
                       .retention_ms = topics_.output.Number("retention.ms", -1),
                       .bounded_by_size = topics_.output.Number("retention.bytes", -1) >= 0,
                       .now_ms = SystemClock{}.WallMs(),
                       .stream_time_ms = stream_time_ms,
                       .window_ms = options_.window.count()});
    if (!lacks) return {};
    const std::string gap = "topic " + options_.to + " partition " + std::to_string(partition) +
                            " begins at offset " + std::to_string(ends.low) +
                            ": events within the window may have been removed from it, and their "
                            "copies would come through";
    if (!options_.accepted.gap) return Stop(gap + ". Accept it with --accept-gap");
    logger_.Warning(gap + "; accepted");
    return {};
  }

  const DedupOptions& options_;
  Fingerprinter fingerprinter_;
  const RuleIdentity rule_;
  const JobTopics topics_;
  Logger& logger_;
  prove::Activity& activity_;
  const JobNames names_;
  HeldJob job_;
};

/// An output that --create-topics would make anew would be taken for one without events.
Result<void> CheckOutputExists(const DedupOptions& options, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(options.kafka, logger));
  SEMEL_TRY_ASSIGN(const auto output, admin->Describe(options.to, kAskTimeout));
  if (output.exists) return {};
  return Error{Action::kFix, "there is no output topic " + options.to +
                                 ": what was seen is read from it. Check --to"};
}

}  // namespace

std::string ToText(const PartitionRebuilt& partition) {
  const std::string text = "partition " + std::to_string(partition.partition) + ": ";
  const OutputCounts& output = partition.output;
  switch (partition.how) {
    case PartitionRebuilt::How::kThereAlready:
      return text + "is whole already, input up to " + std::to_string(partition.committed) + "\n";
    case PartitionRebuilt::How::kNeverRead:
      return text + "nothing was read of it yet\n";
    case PartitionRebuilt::How::kRebuilt:
      break;
  }
  return text + std::to_string(partition.entries) + " entries from " +
         std::to_string(output.records) + " output records (" + std::to_string(output.missing) +
         " missing, " + std::to_string(output.invalid) + " invalid, " +
         std::to_string(output.marked) + " marked duplicates), oldest " +
         TimeText(partition.oldest_ms) + ", input up to " + std::to_string(partition.committed) +
         "\n";
}

Result<void> Rebuild(const DedupOptions& options, Logger& logger, prove::Activity& activity,
                     const std::function<void(const PartitionRebuilt&)>& report) {
  SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(options.key));
  SEMEL_TRY(CheckOutputExists(options, logger));
  SEMEL_TRY_ASSIGN(JobTopics topics, PrepareTopics(options, logger));
  return Rebuilder(options, std::move(fingerprinter), std::move(topics), logger, activity)
      .Run(report);
}

}  // namespace semel::seen_tool
