// Where a partition is served from, given everything that was found out about it. Pure: the offset
// cases of a restart, each of them decided here and nowhere else.
#pragma once

#include <optional>
#include <string>

#include "kafka/client.h"
#include "pipeline/commit_metadata.h"
#include "pipeline/partition_state.h"
#include "pipeline/policy.h"

namespace semel::pipeline {

struct Findings {
  std::optional<kafka::CommittedOffset> committed;  ///< the group's stable offset ("S")
  kafka::Watermarks input;
  kafka::Watermarks changelog;
  kafka::Offset first_start =
      0;  ///< what --start resolves to; read only where nothing was committed
  std::int64_t now_ms = 0;
};

struct StartPosition {
  kafka::Offset offset = 0;
  bool rewinds = false;
  bool skips = false;
  bool owes_commit = false;
  /// The seen-set has to be read again, without what was claimed at or after `offset`.
  bool replay = false;
  std::string notice;  ///< what an operator should know; empty when all is as usual
};

/// Does the input or the changelog end before what is committed?
bool EndsBeforeCommitted(const LaneSettings& settings, const Findings& findings);

/// After it was read: does it cover more than what is committed, or more than the input holds?
bool LiesBehindChangelog(const Findings& findings, const PartitionState& state);

/// Before the changelog is read: do the committed offset and the changelog belong together?
/// Errors: kStop (log shorter than the committed offset says; another partition count).
Result<void> CheckCommitted(const LaneSettings& settings, kafka::Partition partition,
                            const Findings& findings);

/// After it was read up to the high watermark: S against b and against the input.
/// `rule` is ours. Errors: kStop, with what the operator can do.
Result<StartPosition> DecideStart(const LaneSettings& settings, const RuleIdentity& rule,
                                  const Findings& findings, const PartitionState& state);

}  // namespace semel::pipeline
