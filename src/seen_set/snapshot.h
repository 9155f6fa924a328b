// A seen-set of one partition in a file, so that a restart reads only the tail of the changelog.
// docs/formats/snapshot_v1.md draws the bytes.
//
// Copied piece by piece while the set goes on changing: the file holds everything that was
// remembered when the copy began, and parts of what was confirmed until it ended. Replaying the
// changelog from `log_next` on, at least as far as `log_end`, makes it whole.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "seen_set/changelog.h"
#include "semel/result.h"
#include "semel/seen_set.h"

namespace semel {

/// What the snapshot is of, and where the partition stood when its copy began.
struct SnapshotHeader {
  std::string topic;      ///< the input
  std::string changelog;  ///< the changelog topic
  std::int32_t partition = 0;
  std::uint32_t epoch = 0;
  RuleIdentity rule{};
  std::int64_t log_next = 0;            ///< next changelog offset to replay
  std::int64_t log_last = -1;           ///< of the last changelog record before it
  std::int64_t log_last_append_ms = 0;  ///< its append time: tells whether it is still that record
  std::int64_t covered = 0;             ///< end of the input range that it covers
  std::int64_t stream_time_ms = 0;
  bool operator==(const SnapshotHeader&) const = default;
};

/// Threads: one.
class SnapshotWriter {
 public:
  /// `path` is replaced by Publish; what was there is kept as the previous generation.
  /// Errors of all calls: kFail, naming the file.
  static Result<SnapshotWriter> Begin(const std::string& path, const std::string& temporary,
                                      const SnapshotHeader& header,
                                      FileSystem& files = SystemFiles());

  /// `entries` lie less than 2^32 ms apart, as those of one time bucket do.
  Result<void> Add(std::span<const Sighting> entries);

  /// `log_end`: next changelog offset when the copy ended.
  Result<void> Publish(std::int64_t log_end);

 private:
  SnapshotWriter(FileReplacement file, std::string path, int bits)
      : file_(std::move(file)), path_(std::move(path)), bits_(bits) {}
  Result<void> WriteBlock();

  FileReplacement file_;
  std::string path_;
  int bits_;
  std::uint64_t entries_ = 0;
  std::string block_;
};

/// Where the generation before the one at `path` is kept.
std::string PreviousSnapshot(const std::string& path);

/// Threads: one.
class SnapshotReader {
 public:
  /// Errors of all calls: kFix: the file cannot be read, or is not a whole and unharmed snapshot.
  static Result<SnapshotReader> Open(const std::string& path, FileSystem& files = SystemFiles());

  const SnapshotHeader& header() const { return header_; }

  /// Replaces `entries` by the next ones. False: that was all, and it is complete.
  Result<bool> Next(std::vector<Sighting>& entries);

  /// After Next returned false.
  std::int64_t log_end() const { return log_end_; }

 private:
  SnapshotReader(FileReader file, std::string path)
      : file_(std::move(file)), path_(std::move(path)) {}
  Result<void> ReadHeader();
  Result<bool> ReadTrailer();
  Result<void> Fill(std::size_t size, std::size_t keep = 0);
  Result<void> CheckCrc();
  Error Unfit(const std::string& what) const;

  FileReader file_;
  std::string path_;
  SnapshotHeader header_;
  std::string block_;
  std::uint64_t entries_ = 0;
  std::int64_t log_end_ = 0;
};

}  // namespace semel
