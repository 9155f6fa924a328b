#include "scan/scan_topic.h"

#include <map>
#include <memory>

#include "base/clock.h"
#include "kafka/admin.h"
#include "kafka/deadline.h"
#include "kafka/rdkafka_log_reader.h"
#include "kafka/topic_scanner.h"
#include "pipeline/effective_time.h"

namespace semel::scan {
namespace {

using kafka::Offset;
using kafka::Partition;

constexpr kafka::Milliseconds kTimeout{30'000};
constexpr kafka::Milliseconds kSilenceMax{60'000};
constexpr kafka::Milliseconds kPoll{200};
constexpr std::size_t kPollRecords = 1000;

class Reading {
 public:
  Reading(const ScanOptions& options, Fingerprinter fingerprinter, std::atomic<std::uint64_t>& read)
      : fingerprinter_(std::move(fingerprinter)),
        scan_(options.memory_limit, options.seed),
        read_(read) {}

  /// Adds a partition that is to be read up to `end`.
  void Add(Partition partition, Offset end) { ends_[partition] = end; }

  void Take(const kafka::Polled& polled) {
    for (const Record& record : polled.batch->records()) {
      const auto end = ends_.find(record.partition);
      if (end == ends_.end()) continue;
      if (record.offset < end->second)
        Take(record);
      else
        ends_.erase(end);
    }
    // The end may lie behind transaction markers, which are never seen.
    for (const kafka::EndOfPartition& at : polled.ends)
      if (const auto end = ends_.find(at.partition); end != ends_.end() && at.offset >= end->second)
        ends_.erase(end);
  }

  bool AtEnd() const { return ends_.empty(); }
  ScanReport Report() const { return scan_.Report(); }

 private:
  void Take(const Record& record) {
    scan_.Take({record.partition, record.offset,
                pipeline::EffectiveTime(record.timestamp_ms, now_ms_),
                fingerprinter_.Identify(record)});
    ++read_;
  }

  Fingerprinter fingerprinter_;
  DuplicateScan scan_;
  std::atomic<std::uint64_t>& read_;
  const std::int64_t now_ms_ = SystemClock{}.WallMs();
  std::map<Partition, Offset> ends_;
};

/// Adds what holds anything to `reading`; returns where to begin.
Result<std::map<Partition, Offset>> Plan(const ScanOptions& options, int partitions,
                                         Reading& reading, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto reader, kafka::RdkafkaLogReader::Open(
                                          options.kafka, {"semel.scan", options.topic}, logger));
  std::map<Partition, Offset> positions;
  for (Partition partition = 0; partition < partitions; ++partition) {
    SEMEL_TRY_ASSIGN(const auto marks, reader->Marks(options.topic, partition, kTimeout));
    if (marks.low >= marks.last_stable) continue;
    reading.Add(partition, marks.last_stable);
    positions[partition] = marks.low;
  }
  return positions;
}

Result<int> CountPartitions(const ScanOptions& options, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(options.kafka, logger));
  SEMEL_TRY_ASSIGN(const auto topic, admin->Find(options.topic, kTimeout));
  return topic.partitions;
}

}  // namespace

Result<ScanResult> ScanTopic(const ScanOptions& options, Logger& logger,
                             std::atomic<std::uint64_t>& read) {
  SEMEL_TRY_ASSIGN(Fingerprinter fingerprinter, Fingerprinter::Open(options.key));
  const ScannedTopic named{options.topic, 0, fingerprinter.bits()};
  SEMEL_TRY_ASSIGN(const int partitions, CountPartitions(options, logger));
  const auto reading = std::make_unique<Reading>(options, std::move(fingerprinter), read);
  SEMEL_TRY_ASSIGN(const auto positions, Plan(options, partitions, *reading, logger));
  ScanResult result{named, {}};
  result.topic.partitions = partitions;
  if (!positions.empty()) {
    SEMEL_TRY_ASSIGN(const auto scanner,
                     kafka::TopicScanner::Open(options.kafka, options.topic, positions, logger));
    kafka::Deadline silence(kSilenceMax);
    while (!reading->AtEnd()) {
      SEMEL_TRY_ASSIGN(const auto polled, scanner->Poll(kPoll, kPollRecords));
      reading->Take(polled);
      if (!polled.batch->records().empty() || !polled.ends.empty())
        silence = kafka::Deadline(kSilenceMax);
      else if (silence.passed())
        return Error{Action::kConnect,
                     "the brokers have sent nothing of topic " + options.topic + " for 60 s"};
    }
  }
  result.report = reading->Report();
  return result;
}

}  // namespace semel::scan
