#include "seen_tool/output_reader.h"

#include <algorithm>

#include "kafka/deadline.h"
#include "kafka/topic_scanner.h"
#include "pipeline/effective_time.h"
#include "seen_tool/read_log.h"

namespace semel::seen_tool {
namespace {

using kafka::Offset;

constexpr Offset kTailOffsets = 500;
constexpr std::size_t kPollRecords = 10'000;
constexpr kafka::Milliseconds kPoll{200};
constexpr kafka::Milliseconds kSilenceMax{60'000};

/// A time that stream time has reached: the largest of the last records, whatever is before them.
Result<std::int64_t> TimeReached(kafka::LogReader& reader, const OutputPartition& output,
                                 const kafka::Watermarks& ends, std::int64_t clock_ms) {
  std::int64_t reached = 0;
  const Offset from = std::max(ends.low, ends.high - kTailOffsets);
  SEMEL_TRY(ReadLog(reader, {output.topic, output.partition, from, ends.high},
                    [&](const kafka::LogRecord& record) -> Result<void> {
                      reached = std::max(reached,
                                         pipeline::EffectiveTime(record.append_time_ms, clock_ms));
                      return {};
                    }));
  return reached;
}

/// Every record before it is too old to be remembered.
Result<Offset> FindStart(kafka::LogReader& reader, const OutputPartition& output,
                         const kafka::Watermarks& ends, const OutputRule& rule) {
  SEMEL_TRY_ASSIGN(const std::int64_t reached, TimeReached(reader, output, ends, rule.clock_ms));
  const std::int64_t window = rule.window.count();
  const std::int64_t oldest = reached - window - window / 64 - 1;  // memory leaves in buckets
  if (oldest <= 0) return ends.low;
  SEMEL_TRY_ASSIGN(const Offset start,
                   reader.OffsetAt(output.topic, output.partition, oldest, kAskTimeout));
  return std::max(start, ends.low);
}

/// Gives `replay` the records before `end`, of one poll. Returns where the next ones begin.
Result<Offset> Feed(kafka::TopicScanner& scanner, Offset next, Offset end, OutputReplay& replay) {
  SEMEL_TRY_ASSIGN(const kafka::Polled polled, scanner.Poll(kPoll, kPollRecords));
  std::span<const Record> records = polled.batch->records();
  if (!records.empty()) next = records.back().offset + 1;
  // Nobody writes now; what a stranger adds is not ours to remember.
  while (!records.empty() && records.back().offset >= end)
    records = records.first(records.size() - 1);
  SEMEL_TRY(replay.Take(records));
  for (const kafka::EndOfPartition& reached : polled.ends) next = std::max(next, reached.offset);
  return next;
}

}  // namespace

Result<kafka::Watermarks> ReadOutput(const OutputPartition& output, const OutputRule& rule,
                                     kafka::LogReader& reader, OutputReplay& replay,
                                     const std::function<Result<void>()>& tick, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto ends, AwaitStable(reader, output.topic, output.partition));
  SEMEL_TRY_ASSIGN(Offset next, FindStart(reader, output, ends, rule));
  if (next >= ends.high) return ends;
  SEMEL_TRY_ASSIGN(
      const auto scanner,
      kafka::TopicScanner::Open(output.settings, output.topic, {{output.partition, next}}, logger));
  kafka::Deadline silence(kSilenceMax);
  while (next < ends.high) {
    SEMEL_TRY(tick());
    SEMEL_TRY_ASSIGN(const Offset reached, Feed(*scanner, next, ends.high, replay));
    if (reached > next) silence = kafka::Deadline(kSilenceMax);
    next = reached;
    if (silence.passed())
      return Error{Action::kConnect, "the brokers send nothing of topic " + output.topic +
                                         " partition " + std::to_string(output.partition)};
  }
  return ends;
}

}  // namespace semel::seen_tool
