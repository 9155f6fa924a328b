#include "seen_tool/read_log.h"

#include <thread>

#include "kafka/deadline.h"

namespace semel::seen_tool {
namespace {

using kafka::Milliseconds;

// A dead owner's transaction ends after 5 s, and brokers look for such every 10 s.
constexpr Milliseconds kOpenMax{30'000};
constexpr Milliseconds kSilenceMax{60'000};
constexpr Milliseconds kReadTimeout{200};
constexpr Milliseconds kBetweenLooks{200};
constexpr std::size_t kSliceBytes = std::size_t{8} << 20U;

Error Open(const std::string& topic, kafka::Partition partition, kafka::Offset from) {
  return {Action::kStop, "topic " + topic + " partition " + std::to_string(partition) +
                             ": a transaction has been open at offset " + std::to_string(from) +
                             " for 30 s and hides what comes after it. Stop its producer, or wait "
                             "until the brokers end it, and try again"};
}

}  // namespace

Result<void> ReadLog(kafka::LogReader& reader, const LogRange& range, const VisitLog& visit) {
  kafka::Offset next = range.from;
  if (next >= range.to) return {};
  SEMEL_TRY(reader.Open(range.topic, range.partition, next));
  std::optional<kafka::Offset> end;  // of what can be seen now
  kafka::Deadline open(kOpenMax);
  kafka::Deadline silence(kSilenceMax);
  while (next < range.to) {
    SEMEL_TRY_ASSIGN(const kafka::LogSlice slice, reader.Read(kReadTimeout, kSliceBytes));
    for (const kafka::LogRecord& record : slice.records) {
      if (record.offset < range.to) SEMEL_TRY(visit(record));
      next = record.offset + 1;
    }
    if (slice.end) end = slice.end;
    if (end && *end >= range.to) break;
    if (!slice.records.empty() || slice.end) {
      open = kafka::Deadline(kOpenMax);
      silence = kafka::Deadline(kSilenceMax);
    }
    if (end && open.passed()) return Open(range.topic, range.partition, *end);
    if (silence.passed())
      return Error{Action::kConnect, "the brokers send nothing of topic " + range.topic +
                                         " partition " + std::to_string(range.partition) +
                                         " from offset " + std::to_string(next)};
  }
  reader.Close();
  return {};
}

Result<kafka::Watermarks> AwaitStable(kafka::LogReader& reader, const std::string& topic,
                                      kafka::Partition partition) {
  const kafka::Deadline open(kOpenMax);
  for (;;) {
    SEMEL_TRY_ASSIGN(const auto marks, reader.Marks(topic, partition, kAskTimeout));
    if (marks.last_stable >= marks.high) return marks;
    if (open.passed()) return Open(topic, partition, marks.last_stable);
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

Result<std::map<kafka::Partition, kafka::CommittedOffset>> AwaitCommitted(
    kafka::LogReader& reader, std::span<const kafka::Partition> partitions) {
  const kafka::Deadline deadline(kOpenMax);
  for (;;) {
    auto committed = reader.Committed(partitions, kAskTimeout);
    if (committed || committed.error().action != Action::kRetry || deadline.passed())
      return committed;
    std::this_thread::sleep_for(kBetweenLooks);
  }
}

}  // namespace semel::seen_tool
