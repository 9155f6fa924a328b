#include "seen_tool/rebuild.h"

#include <numeric>

#include "base/clock.h"
#include "base/fail_point.h"
#include "kafka/rdkafka_client.h"
#include "pipeline/commit_metadata.h"
#include "seen_tool/entries.h"
#include "seen_tool/group_members.h"
#include "seen_tool/held_group.h"
#include "seen_tool/log_follower.h"
#include "seen_tool/output_reader.h"
#include "seen_tool/read_log.h"
#include "seen_tool/rebuilt_log.h"
#include "wiring/job_topics.h"

namespace semel::seen_tool {
namespace {

using kafka::Partition;

constexpr kafka::Milliseconds kWithin{30'000};
constexpr kafka::Milliseconds kWriteWithin{120'000};

/// All of a partition is one transaction. Two minutes are 100 million events at 20 MB/s; that a
/// killed one stays open so long hurts nobody, because the next run ends it.
kafka::ClientSettings LongTransactions(kafka::ClientSettings settings) {
  if (settings.properties.try_emplace("transaction.timeout.ms", "120000").second) {
    // A producer has neither: they only have to be in the order that is checked.
    settings.properties["session.timeout.ms"] = "180000";
    settings.properties["max.poll.interval.ms"] = "300000";
  }
  return settings;
}

std::string TransactionalId(const DedupOptions& options) { return options.group + "-rebuild"; }

kafka::ClientOptions Client(const DedupOptions& options, const kafka::ClientSettings& settings) {
  return {.settings = settings,
          .group = options.group,
          .input_topic = options.from,
          .instance = {},
          .transactional_id = TransactionalId(options),
          .producer_topics = {options.changelog}};
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
        members_(Client(options, options.kafka), logger),
        producers_(Client(options, LongTransactions(options.kafka)), logger) {}

  Result<void> Run(const std::function<void(const PartitionRebuilt&)>& report) {
    SEMEL_TRY(TakeGroup());
    SEMEL_TRY_ASSIGN(reader_, members_.OpenLogReader());
    std::vector<Partition> all(static_cast<std::size_t>(partitions()));
    std::iota(all.begin(), all.end(), 0);
    SEMEL_TRY_ASSIGN(const auto committed, AwaitCommitted(*reader_, all));
    if (committed.empty())
      return Stop("group " + options_.group + " has no committed offset for " + options_.from +
                  ": nothing says up to where the output goes. Check --group; if the group is "
                  "lost too, start over with another --group and output");
    // All of them first, so that what is refused is refused before anything is written.
    std::map<Partition, Found> found;
    for (Partition partition = 0; partition < partitions(); ++partition) {
      SEMEL_TRY(held_->StillOurs());
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

  /// Members are asked for first, so that a running job is not even disturbed. An earlier run that
  /// was killed has offsets pending until its transaction is ended.
  Result<void> TakeGroup() {
    SEMEL_TRY_ASSIGN(const auto members, GroupMembers(options_.kafka, options_.group, logger_));
    if (!members.empty())
      return Stop("group " + options_.group + " is in use by " + members.front() +
                  ": stop every worker of the job first. One that was killed leaves the group 10 "
                  "s later");
    SEMEL_TRY(producers_.AbortTransactionOf(transactional_id_, kWithin));
    SEMEL_TRY_ASSIGN(auto consumer, members_.OpenConsumer());
    SEMEL_TRY_ASSIGN(held_, HeldGroup::Take(std::move(consumer), options_.group, partitions()));
    return {};
  }

  /// Follows what is in the changelog already.
  Result<std::unique_ptr<LogFollower>> ReadChangelog(Partition partition) {
    SEMEL_TRY_ASSIGN(const auto log, AwaitStable(*reader_, options_.changelog, partition));
    auto follower = std::make_unique<LogFollower>(
        options_.changelog, partition,
        std::max<std::int64_t>(0, topics_.changelog.Number("retention.ms", 0)));
    const auto take =
        [&, now_ms = SystemClock{}.WallMs()](const kafka::LogRecord& record) -> Result<void> {
      SEMEL_TRY(held_->StillOurs());
      return follower->Take(record, log.low, now_ms);
    };
    SEMEL_TRY(ReadLog(*reader_, {options_.changelog, partition, log.low, log.high}, take));
    return follower;
  }

  Result<Found> FindUnread(Partition partition) {
    SEMEL_TRY_ASSIGN(const auto output, reader_->Marks(options_.to, partition, kAskTimeout));
    SEMEL_TRY_ASSIGN(const auto log, reader_->Marks(options_.changelog, partition, kAskTimeout));
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
    SEMEL_TRY_ASSIGN(const auto follower, ReadChangelog(partition));
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
    SEMEL_TRY(Write(partition, found, records));
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
      return held_->StillOurs();
    };
    SEMEL_TRY_ASSIGN(const auto ends, ReadOutput({options_.kafka, options_.to, partition}, rule,
                                                 *reader_, replay, tick, logger_));
    SEMEL_TRY(CheckFront(partition, ends, replay.stream_time_ms()));
    RebuiltLog log{.rule = rule_,
                   .transactional_id = transactional_id_,
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

  Result<void> Write(Partition partition, const Found& found,
                     const std::vector<std::string>& records) {
    SEMEL_TRY_ASSIGN(const auto producer, producers_.OpenProducer());
    SEMEL_TRY(producer->Init(kWithin));
    SEMEL_TRY(producer->Begin());
    for (std::size_t i = 0; i < records.size(); ++i)
      SEMEL_TRY(producer->Produce({.partition = partition, .value = records[i], .tag = i + 1}));
    SEMEL_TRY_ASSIGN(const auto landed, producer->Flush(kWriteWithin));
    kafka::Delivered last;
    for (const kafka::Delivered& record : landed)
      if (record.offset > last.offset) last = record;
    fail_point::Pass("in_rebuild");
    SEMEL_TRY_ASSIGN(const kafka::GroupToken token, held_->Token());
    // The input's partition count stays what it was: a change is for dedup to notice.
    const std::string metadata =
        pipeline::FormatCommitMetadata({.changelog_offset = last.offset,
                                        .append_ms = last.append_time_ms,
                                        .input_partitions = found.metadata.input_partitions});
    SEMEL_TRY(
        producer->SendOffsets({{partition, {found.committed.offset, metadata}}}, token, kWithin));
    const kafka::CommitResult committed = producer->Commit(kWithin);
    if (committed.outcome == kafka::CommitOutcome::kCommitted) return {};
    return Error{Action::kFail, Log(partition) + ": whether it was committed is not known: " +
                                    committed.error.message +
                                    ". Run it again: it looks, and does what is left"};
  }

  const DedupOptions& options_;
  Fingerprinter fingerprinter_;
  const RuleIdentity rule_;
  const JobTopics topics_;
  const std::string transactional_id_ = TransactionalId(options_);
  Logger& logger_;
  prove::Activity& activity_;
  kafka::RdkafkaClient members_;
  kafka::RdkafkaClient producers_;
  std::unique_ptr<kafka::LogReader> reader_;
  std::optional<HeldGroup> held_;
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
