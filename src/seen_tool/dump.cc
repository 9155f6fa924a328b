#include "seen_tool/dump.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/clock.h"
#include "kafka/rdkafka_log_reader.h"
#include "seen_tool/entries.h"
#include "seen_tool/read_log.h"

namespace semel::seen_tool {
namespace {

constexpr std::size_t kWriteBytes = std::size_t{256} << 10U;

/// False: nobody reads any more.
Result<bool> WriteAll(int out, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(out, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0 && errno == EPIPE) return false;
    if (written < 0)
      return Error{Action::kFail, std::string("cannot write the output: ") + std::strerror(errno)};
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

/// Everything of a line but the entry.
struct Lines {
  DumpFormat format = DumpFormat::kEntries;
  std::string topic;  ///< the input
  kafka::Partition partition = 0;
  int bits = 128;

  void Add(const Sighting& entry, std::string& text) const {
    const std::string hex = ToHex(entry.fingerprint, bits);
    const std::string where = "\"partition\":" + std::to_string(partition);
    const std::string time = "\"time\":" + std::to_string(entry.time_ms);
    const std::string offset = "\"offset\":" + std::to_string(entry.offset);
    if (format == DumpFormat::kSeed)
      text += R"({"hash":")" + hex + R"(","topic":")" + topic + R"(",)" + where + "," + offset +
              "," + time + "}\n";
    else
      text += "{" + where + R"(,"fingerprint":")" + hex + R"(",)" + time + "," + offset + "}\n";
  }
};

/// False: nobody reads any more.
Result<bool> Write(const pipeline::PartitionState& state, DumpFormat format,
                   const std::string& topic, int out) {
  const RuleIdentity& rule = state.changelog.rule;
  const Lines lines{format, topic, state.partition, rule.bits};
  std::string text;
  for (const Sighting& entry : Collect(*state.seen, Window(rule))) {
    lines.Add(entry, text);
    if (text.size() < kWriteBytes) continue;
    SEMEL_TRY_ASSIGN(const bool wanted, WriteAll(out, text));
    if (!wanted) return false;
    text.clear();
  }
  return WriteAll(out, text);
}

}  // namespace

Result<void> DumpChangelog(const JobNames& job, DumpFormat format, int out, Logger& logger) {
  SEMEL_TRY_ASSIGN(const JobShape shape, FindShape(job, logger));
  SEMEL_TRY_ASSIGN(const auto reader,
                   kafka::RdkafkaLogReader::Open(job.kafka, {job.group, job.from}, logger));
  const std::int64_t now_ms = SystemClock{}.WallMs();
  for (kafka::Partition partition = 0; partition < shape.partitions; ++partition) {
    SEMEL_TRY_ASSIGN(const auto log, reader->Marks(job.changelog, partition, kAskTimeout));
    LogFollower follower(job.changelog, partition, shape.retention_ms);
    SEMEL_TRY(ReadLog(
        *reader, {job.changelog, partition, log.low, log.high},
        [&](const kafka::LogRecord& record) { return follower.Take(record, log.low, now_ms); }));
    SEMEL_TRY_ASSIGN(const bool wanted, Write(follower.state(), format, job.from, out));
    if (!wanted) return {};
  }
  return {};
}

Result<void> DumpSnapshot(const std::string& file, DumpFormat format, int out) {
  SEMEL_TRY_ASSIGN(SnapshotReader snapshot, SnapshotReader::Open(file));
  LogFollower follower(snapshot.header().changelog, snapshot.header().partition, 0);
  SEMEL_TRY(LoadSnapshot(snapshot, follower));
  SEMEL_TRY(Write(follower.state(), format, snapshot.header().topic, out));
  return {};
}

}  // namespace semel::seen_tool
