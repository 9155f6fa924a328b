#include "wiring/dry_run.h"

#include <algorithm>
#include <map>
#include <memory>

#include "base/clock.h"
#include "kafka/rdkafka_log_reader.h"
#include "kafka/topic_scanner.h"
#include "pipeline/effective_time.h"
#include "pipeline/memory_budget.h"
#include "semel/seen_set.h"
#include "wiring/job_topics.h"
#include "wiring/random_seed.h"

namespace semel {
namespace {

using kafka::Offset;
using kafka::Partition;
using pipeline::StartPoint;

constexpr kafka::Milliseconds kTimeout{15'000};
constexpr kafka::Milliseconds kPoll{200};
constexpr std::size_t kPollRecords = 1000;

struct Range {
  Offset start = 0;
  Offset end = 0;
};

// The part of a partition that is read.
Result<Range> FindRange(kafka::LogReader& reader, const DedupOptions& options, Partition part) {
  SEMEL_TRY_ASSIGN(const auto marks, reader.Marks(options.from, part, kTimeout));
  Range range{marks.low, marks.last_stable};
  if (options.start.kind == StartPoint::Kind::kLatest) range.start = marks.last_stable;
  if (options.start.kind == StartPoint::Kind::kTime) {
    SEMEL_TRY_ASSIGN(range.start,
                     reader.OffsetAt(options.from, part, options.start.time_ms, kTimeout));
  }
  return range;
}

// The memory of one partition and what was counted there.
struct Judged {
  Judged(const DedupOptions& options, std::uint64_t seed, pipeline::MemoryBudget& budget)
      : seen(OpenMemorySeenSet({options.window, options.key.bits, seed})), memory(budget) {}

  std::unique_ptr<SeenSet> seen;
  pipeline::MemoryShare memory;
  metrics::PartitionSnapshot counts{};
  Offset end = 0;  ///< where the dry run ends
};

class Counter {
 public:
  Counter(const DedupOptions& options, Fingerprinter fingerprinter)
      : options_(options),
        fingerprinter_(std::move(fingerprinter)),
        budget_(options.memory_limit),
        seed_(RandomSeed()) {}

  void Add(Partition part, const Range& range) {
    Judged& judged = partitions_.try_emplace(part, options_, seed_, budget_).first->second;
    judged.end = range.end;
    judged.counts.partition = part;
    judged.counts.phase = metrics::Phase::kServing;
    judged.counts.position = range.start;
    judged.counts.end = range.end;
  }

  Result<void> Take(const kafka::Polled& polled) {
    std::map<Partition, std::unique_ptr<Stage>> stages;
    for (const Record& record : polled.batch->records()) {
      Judged& judged = partitions_.at(record.partition);
      if (!options_.follow && record.offset >= judged.end) {
        judged.counts.position = judged.end;
        continue;
      }
      std::unique_ptr<Stage>& stage = stages[record.partition];
      if (stage == nullptr) stage = judged.seen->Begin();
      SEMEL_TRY(Judge(record, *stage, judged.counts));
      judged.counts.position = record.offset + 1;
    }
    for (auto& [part, stage] : stages) {
      stage->Confirm();
      Account(partitions_.at(part));
    }
    for (const kafka::EndOfPartition& end : polled.ends)
      partitions_.at(end.partition).counts.position = end.offset;
    if (budget_.Exceeded()) return budget_.Full();
    return {};
  }

  bool AtEnd() const {
    return std::ranges::all_of(partitions_, [](const auto& entry) {
      return entry.second.counts.position >= entry.second.end;
    });
  }

  metrics::LaneSnapshot Snapshot() const {
    metrics::LaneSnapshot lane;
    lane.joined = true;
    for (const auto& [part, judged] : partitions_) lane.partitions.push_back(judged.counts);
    return lane;
  }

 private:
  Result<void> Judge(const Record& record, Stage& stage, metrics::PartitionSnapshot& counts) {
    const std::int64_t time = pipeline::EffectiveTime(record.timestamp_ms, SystemClock{}.WallMs());
    const Identity identity = fingerprinter_.Identify(record);
    const bool judge_missing = options_.policies.missing.kind == pipeline::Policy::Kind::kDedup;
    ++counts.read;
    if (identity.outcome == Outcome::kInvalid) {
      ++counts.invalid;
      return stage.Observe(time);
    }
    if (identity.outcome == Outcome::kMissing && !judge_missing) {
      ++counts.missing;
      return stage.Observe(time);
    }
    const Sighting sighting{identity.fingerprint, time, record.offset};
    Judgement judgement;
    SEMEL_TRY(stage.Judge({&sighting, 1}, {&judgement, 1}));
    if (judgement.verdict == Verdict::kUnique) ++counts.unique;
    if (judgement.verdict == Verdict::kDuplicate) ++counts.duplicates;
    if (judgement.verdict == Verdict::kLate) ++counts.late;
    return {};
  }

  static void Account(Judged& judged) {
    judged.memory.Set(judged.seen->memory_bytes());
    judged.counts.entries = judged.seen->size();
    judged.counts.bytes = judged.seen->memory_bytes();
    judged.counts.oldest_ms = judged.seen->size() == 0 ? -1 : judged.seen->oldest_ms();
  }

  const DedupOptions& options_;
  Fingerprinter fingerprinter_;
  pipeline::MemoryBudget budget_;
  std::uint64_t seed_;
  std::map<Partition, Judged> partitions_;
};

// Adds every partition to `counter`; returns where to read from.
Result<std::map<Partition, Offset>> Plan(const DedupOptions& options, Counter& counter,
                                         Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(options.kafka, logger));
  SEMEL_TRY_ASSIGN(const auto input, admin->Describe(options.from, kTimeout));
  if (!input.exists)
    return Error{Action::kFix, "there is no input topic " + options.from +
                                   ". Existing ones: semel topic list " +
                                   kafka::SemelFlags(options.kafka)};
  SEMEL_TRY_ASSIGN(const auto reader, kafka::RdkafkaLogReader::Open(
                                          options.kafka, {"semel.dry-run", options.from}, logger));
  std::map<Partition, Offset> positions;
  for (Partition part = 0; part < input.partitions; ++part) {
    SEMEL_TRY_ASSIGN(const Range range, FindRange(*reader, options, part));
    counter.Add(part, range);
    positions[part] = range.start;
  }
  return positions;
}

}  // namespace

Result<void> DryRun(const DedupOptions& options, metrics::Board& board, Logger& logger,
                    const std::stop_token& stop) {
  SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(options.key));
  Counter counter(options, std::move(fingerprinter));
  SEMEL_TRY_ASSIGN(const auto positions, Plan(options, counter, logger));
  SEMEL_TRY_ASSIGN(const auto scanner,
                   kafka::TopicScanner::Open(options.kafka, options.from, positions, logger));
  while (!stop.stop_requested() && (options.follow || !counter.AtEnd())) {
    SEMEL_TRY_ASSIGN(const auto polled, scanner->Poll(kPoll, kPollRecords));
    SEMEL_TRY(counter.Take(polled));
    board.Publish(counter.Snapshot());
  }
  return {};
}

}  // namespace semel
