// What a lane does with each kind of record: the settings that decide, and nothing else.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "kafka/client.h"
#include "semel/fingerprint.h"

namespace semel::pipeline {

/// What happens to records of one kind.
struct Policy {
  enum class Kind : std::uint8_t {
    kPass,   ///< to the output, unjudged
    kDrop,   ///< nowhere; counted
    kTopic,  ///< to the topic `topic`, with headers that say why and where from
    kFail,   ///< stop (exit code 4)
    kMark,   ///< to the output, with a header that names the first sight (duplicates only)
    kDedup,  ///< judged like any other, by the fingerprint it has (missing only)
  };
  Kind kind = Kind::kPass;
  kafka::TopicIndex topic = -1;  ///< for kTopic: index into LaneSettings::topics
};

struct Policies {
  Policy duplicate{Policy::Kind::kDrop};
  Policy missing{Policy::Kind::kPass};
  Policy invalid{Policy::Kind::kPass};
  Policy late{Policy::Kind::kPass};
  Policy rejected{Policy::Kind::kFail};
};

/// Where a group with neither a committed offset nor a changelog begins.
struct StartPoint {
  enum class Kind : std::uint8_t { kEarliest, kLatest, kTime };
  Kind kind = Kind::kEarliest;
  std::int64_t time_ms = 0;  ///< for kTime
};

/// What to do when the group's committed offset lies behind the changelog.
enum class OnReset : std::uint8_t { kStop, kContinue, kReplay };

/// What the operator accepted; each lets one check pass that stops otherwise.
struct Accepted {
  bool gap = false;       ///< --accept-gap: input that was never read, or a changelog that was lost
  bool new_rule = false;  ///< --accept-new-rule: another key rule or window than the changelog's
  bool partitions = false;  ///< --accept-new-partitions: another partition count of the input
};

/// Topics by their index: 0 is the output, 1 the changelog, then audit and dead-letter topics.
inline constexpr kafka::TopicIndex kOutputTopic = 0;
inline constexpr kafka::TopicIndex kChangelogTopic = 1;

struct TopicRef {
  std::string name;
  std::int32_t partitions = 0;
};

/// Everything that the lanes of one job share. Constant once they run.
struct LaneSettings {
  std::string from;
  std::string group;
  /// False: there is no changelog and nothing is remembered; transactions commit offsets, and what
  /// the taker of the records writes.
  bool remembers = true;
  /// True: seen-sets are durable by themselves. The changelog has the ranges and stream times, no
  /// entries, and a restore needs its last record only.
  bool durable_seen_sets = false;
  std::vector<TopicRef> topics;
  std::int32_t input_partitions = 0;
  KeyRule key;
  std::chrono::milliseconds window = std::chrono::hours{24 * 7};
  std::chrono::milliseconds commit_interval{100};
  std::chrono::milliseconds changelog_retention{0};  ///< the topic's retention.ms; 0: unlimited
  StartPoint start;
  OnReset on_reset = OnReset::kStop;
  Accepted accepted;
  Policies policies;
  std::uint64_t table_seed = 0;
  std::string snapshot_dir;  ///< empty: no snapshots
  /// A snapshot is due when so many entries, and an eighth of all, are in none.
  std::size_t snapshot_unsaved_min = 100'000;
};

}  // namespace semel::pipeline
