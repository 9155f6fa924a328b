#include "seen_tool/snapshot_check.h"

#include <filesystem>

#include "pipeline/snapshot_files.h"
#include "pipeline/snapshot_load.h"
#include "seen_tool/entries.h"
#include "seen_tool/read_log.h"

namespace semel::seen_tool {
namespace {

class Check {
 public:
  Check(const std::string& file, const ColdReplay& cold, kafka::LogReader& reader)
      : cold_(cold), reader_(reader), follower_(cold.changelog, cold.partition, cold.retention_ms) {
    report_.file = file;
  }

  Result<SnapshotReport> Run() {
    auto snapshot = SnapshotReader::Open(report_.file);
    if (!snapshot) return Is(SnapshotState::kWrong, snapshot.error().message);
    const SnapshotHeader header = snapshot->header();
    // The file first, whole: harm is to be found also where it is not used.
    if (const auto loaded = LoadSnapshot(*snapshot, follower_); !loaded)
      return Is(SnapshotState::kWrong, loaded.error().message);
    report_.entries = follower_.state().seen->size();
    if (header.topic != cold_.from || header.changelog != cold_.changelog ||
        header.partition != cold_.partition)
      return Is(SnapshotState::kWrong, "is of topic " + header.topic + " partition " +
                                           std::to_string(header.partition) + ", changelog " +
                                           header.changelog);
    if (const std::string misfit = Misfit(header, snapshot->log_end()); !misfit.empty())
      return Is(SnapshotState::kUnused, misfit);
    SEMEL_TRY_ASSIGN(const bool confirmed, ReadTail(header));
    if (!confirmed)
      return Is(SnapshotState::kUnused,
                "the changelog has another record in the place of its last one, offset " +
                    std::to_string(header.log_last));
    return Compare();
  }

 private:
  SnapshotReport Is(SnapshotState state, std::string text) {
    report_.state = state;
    report_.text = std::move(text);
    return report_;
  }

  std::string Misfit(const SnapshotHeader& header, kafka::Offset log_end) const {
    if (header.epoch != cold_.epoch || !(header.rule == cold_.rule))
      return "was made under another key rule or window than the changelog's last";
    if (header.log_last < cold_.log.low) return "ends before the changelog begins";
    if (header.log_next > cold_.log.high || log_end > cold_.log.high)
      return "is ahead of the changelog as it was read: of a changelog before this one, or "
             "written a moment ago";
    return {};
  }

  /// From its last record on. False: that record is not there, the file is of another changelog.
  Result<bool> ReadTail(const SnapshotHeader& header) {
    bool confirmed = false;
    bool first = true;
    SEMEL_TRY(ReadLog(reader_, {cold_.changelog, cold_.partition, header.log_last, cold_.log.high},
                      [&](const kafka::LogRecord& record) -> Result<void> {
                        if (first)
                          confirmed = pipeline::SnapshotLoad::Confirms(record, follower_.state());
                        if (first || !confirmed) {
                          first = false;
                          return {};
                        }
                        return follower_.Take(record, cold_.log.low, cold_.now_ms);
                      }));
    report_.tail = follower_.records();
    return confirmed;
  }

  SnapshotReport Compare() {
    const SeenSet& seen = *follower_.state().seen;
    if (seen.stream_time_ms() != cold_.stream_time_ms)
      return Is(SnapshotState::kWrong, "with the changelog's tail it has stream time " +
                                           std::to_string(seen.stream_time_ms()) +
                                           ", the changelog " +
                                           std::to_string(cold_.stream_time_ms));
    const auto different =
        Difference(Collect(seen, Window(cold_.rule)), cold_.entries, cold_.rule.bits);
    if (different) return Is(SnapshotState::kWrong, *different);
    return report_;
  }

  const ColdReplay& cold_;
  kafka::LogReader& reader_;
  LogFollower follower_;
  SnapshotReport report_;
};

}  // namespace

std::vector<std::string> SnapshotFiles(const std::string& directory, const std::string& changelog,
                                       kafka::Partition partition) {
  pipeline::LaneSettings named;
  named.snapshot_dir = directory;
  named.topics = {{}, {.name = changelog}};
  const std::string path = pipeline::SnapshotPath(named, partition);
  std::vector<std::string> files;
  for (const std::string& file : {path, PreviousSnapshot(path)}) {
    std::error_code ignored;
    if (std::filesystem::exists(file, ignored)) files.push_back(file);
  }
  return files;
}

Result<SnapshotReport> CheckSnapshot(const std::string& file, const ColdReplay& cold,
                                     kafka::LogReader& reader) {
  return Check(file, cold, reader).Run();
}

Result<void> LoadSnapshot(SnapshotReader& snapshot, LogFollower& follower) {
  follower.ContinueAt(snapshot.header());
  std::vector<Sighting> block;
  for (;;) {
    SEMEL_TRY_ASSIGN(const bool more, snapshot.Next(block));
    if (!more) return {};
    follower.Restore(block, snapshot.header().stream_time_ms);
  }
}

}  // namespace semel::seen_tool
