// What the checker works on: plain records, however they were read.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "prove/digest.h"
#include "semel/fingerprint.h"
#include "semel/seen_set.h"

namespace semel::prove {

struct Position {
  std::int32_t partition = 0;
  std::int64_t offset = 0;
  auto operator<=>(const Position&) const = default;
};

struct InputRecord {
  Position at;
  std::int64_t timestamp_ms = -1;
  std::uint64_t uid = 0;
  Identity identity;
  Digest digest;
};

struct OutputRecord {
  Position at;
  std::int64_t timestamp_ms = -1;
  std::optional<std::uint64_t> uid;
  /// Under Rules::mark_duplicates: what the closing header `semel-duplicate-of` says. That header
  /// is then not part of `digest`.
  std::optional<Position> duplicate_of;
  Digest digest;
};

/// One changelog record without its entries.
struct ChangelogRange {
  Position at;  ///< in the changelog
  std::int32_t partition = 0;
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

struct ChangelogEntry {
  Position at;     ///< of its record in the changelog
  Position input;  ///< of the event
  Sighting sighting;
};

struct Changelog {
  std::vector<ChangelogRange> ranges;   ///< by changelog position
  std::vector<ChangelogEntry> entries;  ///< by changelog position
};

using Offsets = std::map<std::int32_t, std::int64_t>;

struct Histories {
  // As texts name them.
  std::string input_topic;
  std::string output_topic;
  std::string changelog_topic;
  std::string group;

  std::vector<InputRecord> input;    ///< by position
  std::vector<OutputRecord> output;  ///< by position
  Offsets input_end;                 ///< last stable offsets
  /// Where the output's last stable offset is behind its end: somebody's transaction is open.
  Offsets output_open;
  std::optional<Changelog> changelog;
  std::optional<Offsets> committed;  ///< of the group; partitions without one are left out
};

/// What happens to a record that cannot be judged. Records that went to a dead-letter topic were
/// dropped from the output.
enum class Unjudged : std::uint8_t { kPass, kDrop };

struct Rules {
  std::int64_t window_ms = 0;
  bool mark_duplicates = false;  ///< duplicates are forwarded with a mark, not dropped
  bool judge_missing = false;    ///< judge records without a part of the key as all others
  Unjudged missing = Unjudged::kPass;
  Unjudged invalid = Unjudged::kPass;
  Unjudged late = Unjudged::kPass;
  std::int64_t now_ms = 0;  ///< stands for a timestamp that is absent or far in the future
};

}  // namespace semel::prove
