#include "seen_tool/held_job.h"

#include <numeric>

#include "base/clock.h"
#include "base/fail_point.h"
#include "pipeline/commit_metadata.h"
#include "seen_tool/group_members.h"
#include "seen_tool/read_log.h"

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

}  // namespace

HeldJob::HeldJob(const JobNames& names, const JobShape& shape, const std::string& purpose,
                 Logger& logger)
    : names_(names),
      shape_(shape),
      place_("in_" + purpose),
      transactional_id_(names.group + "-" + purpose),
      logger_(logger),
      members_(Client(names.kafka), logger),
      producers_(Client(LongTransactions(names.kafka)), logger) {}

kafka::ClientOptions HeldJob::Client(const kafka::ClientSettings& settings) const {
  return {.settings = settings,
          .group = names_.group,
          .input_topic = names_.from,
          .instance = {},
          .transactional_id = transactional_id_,
          .producer_topics = {names_.changelog}};
}

/// Members are asked for first, so that a running job is not even disturbed. An earlier run that
/// was killed has offsets pending until its transaction is ended.
Result<void> HeldJob::Take() {
  SEMEL_TRY_ASSIGN(const auto members, GroupMembers(names_.kafka, names_.group, logger_));
  if (!members.empty())
    return Error{Action::kStop,
                 "group " + names_.group + " is in use by " + members.front() +
                     ": stop every worker of the job first. One that was killed leaves the group "
                     "10 s later"};
  SEMEL_TRY(producers_.AbortTransactionOf(transactional_id_, kWithin));
  SEMEL_TRY_ASSIGN(auto consumer, members_.OpenConsumer());
  SEMEL_TRY_ASSIGN(held_, HeldGroup::Take(std::move(consumer), names_.group, shape_.partitions));
  SEMEL_TRY_ASSIGN(reader_, members_.OpenLogReader());
  return {};
}

Result<std::map<Partition, kafka::CommittedOffset>> HeldJob::Committed() {
  std::vector<Partition> all(static_cast<std::size_t>(shape_.partitions));
  std::iota(all.begin(), all.end(), 0);
  return AwaitCommitted(*reader_, all);
}

Result<std::unique_ptr<LogFollower>> HeldJob::ReadChangelog(Partition partition) {
  SEMEL_TRY_ASSIGN(const auto log, AwaitStable(*reader_, names_.changelog, partition));
  auto follower = std::make_unique<LogFollower>(names_.changelog, partition, shape_.retention_ms);
  const auto take =
      [&, now_ms = SystemClock{}.WallMs()](const kafka::LogRecord& record) -> Result<void> {
    SEMEL_TRY(StillOurs());
    return follower->Take(record, log.low, now_ms);
  };
  SEMEL_TRY(ReadLog(*reader_, {names_.changelog, partition, log.low, log.high}, take));
  ends_[partition] = log.high;
  return follower;
}

Result<void> HeldJob::Write(const PartitionWrite& write, const std::vector<std::string>& records) {
  SEMEL_TRY_ASSIGN(const auto producer, producers_.OpenProducer());
  SEMEL_TRY(producer->Init(kWithin));
  SEMEL_TRY(producer->Begin());
  for (std::size_t i = 0; i < records.size(); ++i)
    SEMEL_TRY(producer->Produce({.partition = write.partition, .value = records[i], .tag = i + 1}));
  SEMEL_TRY_ASSIGN(const auto landed, producer->Flush(kWriteWithin));
  kafka::Delivered last;
  kafka::Offset first = -1;
  for (const kafka::Delivered& record : landed) {
    if (record.offset > last.offset) last = record;
    if (first < 0 || record.offset < first) first = record.offset;
  }
  // Only the real leader appends; a replaced one may have told an end, and offsets, of before.
  if (const auto end = ends_.find(write.partition); end != ends_.end() && end->second != first)
    return Error{Action::kStop,
                 "changelog " + names_.changelog + " partition " + std::to_string(write.partition) +
                     ": it holds more than was read, up to offset " + std::to_string(end->second) +
                     ". Nothing was changed; run it again"};
  fail_point::Pass(place_);
  SEMEL_TRY_ASSIGN(const kafka::GroupToken token, held_->Token());
  // The input's partition count stays what it was: a change is for dedup to notice.
  const std::string metadata =
      pipeline::FormatCommitMetadata({.changelog_offset = last.offset,
                                      .append_ms = last.append_time_ms,
                                      .input_partitions = write.input_partitions});
  SEMEL_TRY(
      producer->SendOffsets({{write.partition, {write.committed, metadata}}}, token, kWithin));
  const kafka::CommitResult committed = producer->Commit(kWithin);
  if (committed.outcome == kafka::CommitOutcome::kCommitted) return {};
  return Error{Action::kFail,
               "changelog " + names_.changelog + " partition " + std::to_string(write.partition) +
                   ": whether it was committed is not known: " + committed.error.message +
                   ". Run it again: it looks, and does what is left"};
}

}  // namespace semel::seen_tool
