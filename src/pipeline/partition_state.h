// What a lane knows of one input partition. One owner at a time: the restorer while it is restored,
// the lane while it is served or parked.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "kafka/client.h"
#include "pipeline/memory_budget.h"
#include "pipeline/policy.h"
#include "seen_set/changelog.h"
#include "semel/seen_set.h"

namespace semel::pipeline {

/// Makes the seen-set of a partition, empty. Empty itself: in memory.
using SeenSetOpener = std::function<std::unique_ptr<SeenSet>(kafka::Partition)>;

/// How far the changelog was followed. Everything before `next` is in the seen-set.
struct ChangelogPosition {
  kafka::Offset next = 0;           ///< next changelog offset to read
  kafka::Offset last = -1;          ///< offset of the last record; -1: none is known
  std::int64_t last_append_ms = 0;  ///< its append time; 0: none
  std::uint32_t epoch = 0;          ///< 0: no record yet
  RuleIdentity rule;                ///< of the last record
  std::optional<kafka::Offset>
      covered;  ///< end of the last input range ("b"); empty: no record yet
  /// Where the log ended when it was read. Empty once a record of ours is known to have been
  /// appended just there, by the log's real leader: a replaced one may have told an earlier end.
  std::optional<kafka::Offset> unproven_end{};
};

struct PartitionState {
  PartitionState(kafka::Partition number, std::unique_ptr<SeenSet> set, MemoryBudget& budget)
      : partition(number), seen(std::move(set)), memory(budget) {}

  void AccountMemory() { memory.Set(seen->memory_bytes()); }

  kafka::Partition partition;
  std::unique_ptr<SeenSet> seen;
  MemoryShare memory;
  ChangelogPosition changelog;

  kafka::Offset committed = 0;  ///< next input offset after the last commit
  bool has_committed = false;   ///< the group has an offset for it (not so before its first commit)

  // How the next changelog record must introduce itself.
  bool rewinds = false;
  bool skips = false;
  std::size_t unsaved = 0;  ///< entries that came since the last snapshot began
  /// A commit is owed even without a record: a start position, an accepted rule, gap or count must
  /// become durable before anything else can happen.
  bool owes_commit = false;
};

}  // namespace semel::pipeline
