#include "pipeline/start_position.h"

#include "pipeline/changelog_replay.h"

namespace semel::pipeline {
namespace {

using kafka::Offset;

/// What to do about a changelog without its entries, up to "or".
std::string Repair(const std::string& fill, const LaneSettings& settings) {
  if (settings.durable_seen_sets)
    return "What was seen is in Redis: where nothing of that was lost, --accept-gap repeats "
           "nothing; ";
  return fill +
         " from the output with semel seen rebuild --from-output, accept it with --accept-gap, ";
}

class Decision {
 public:
  Decision(const LaneSettings& settings, const RuleIdentity& rule, const Findings& findings,
           const PartitionState& state)
      : settings_(settings), rule_(rule), findings_(findings), state_(state) {}

  Result<StartPosition> Decide() {
    SEMEL_TRY(CheckRule());
    SEMEL_TRY(state_.changelog.covered ? AgainstChangelog() : WithoutChangelog());
    SEMEL_TRY(AgainstInput());
    if (!findings_.committed || findings_.committed->offset != start_.offset)
      start_.owes_commit = true;
    if (RuleChanged() || PartitionsChanged()) start_.owes_commit = true;
    // What is accepted is accepted for idle partitions too.
    if (settings_.durable_seen_sets && settings_.accepted.gap) start_.owes_commit = true;
    return start_;
  }

 private:
  Error Stop(const std::string& what) const {
    return {Action::kStop, "topic " + settings_.from + " partition " +
                               std::to_string(state_.partition) + ": " + what};
  }

  bool RuleChanged() const {
    return state_.changelog.epoch != 0 && !(state_.changelog.rule == rule_);
  }

  bool PartitionsChanged() const {
    if (!findings_.committed) return false;
    const auto metadata = ParseCommitMetadata(findings_.committed->metadata);
    return metadata && metadata->input_partitions != settings_.input_partitions;
  }

  Result<void> CheckRule() {
    if (!RuleChanged() || settings_.accepted.new_rule) return {};
    return Stop("the changelog " + settings_.topics[kChangelogTopic].name +
                " was written with another key rule, namespace, secret, fingerprint size or "
                "window. Start with the "
                "same settings, or give --accept-new-rule: then nothing that was seen under the "
                "old rule is "
                "remembered");
  }

  /// S against b, the end of the last changelog range; they were committed together.
  Result<void> AgainstChangelog() {
    const Offset covered = *state_.changelog.covered;
    start_.offset = covered;
    if (!findings_.committed) {
      start_.notice = "the group has no committed offset; going on where the changelog ends";
      return {};
    }
    const Offset committed = findings_.committed->offset;
    if (committed < covered) return Behind(committed, covered);
    if (committed > covered) return Ahead(committed, covered);
    return {};
  }

  Result<void> Behind(Offset committed, Offset covered) {
    const std::string range = "the committed offset " + std::to_string(committed) +
                              " lies behind the changelog, which covers the input up to " +
                              std::to_string(covered);
    switch (settings_.on_reset) {
      case OnReset::kStop:
        return Stop(range + ": somebody moved it back. --on-reset continue goes on at " +
                    std::to_string(covered) + "; --on-reset replay delivers again from " +
                    std::to_string(committed));
      case OnReset::kContinue:
        start_.notice = range + "; going on there";
        return {};
      case OnReset::kReplay:
        start_.notice = range + "; delivering again from the committed offset";
        start_.offset = committed;
        start_.rewinds = true;
        start_.replay = true;
        return {};
    }
    return {};
  }

  Result<void> Ahead(Offset committed, Offset covered) {
    const std::string gap =
        "the committed offset " + std::to_string(committed) +
        " lies ahead of the changelog, which ends at " + std::to_string(covered) +
        ": input offsets in between were never read, or the changelog lost its end";
    if (!settings_.accepted.gap) {
      return Stop(gap + ". Move the group's offset back to " + std::to_string(covered) +
                  ", or accept it with --accept-gap");
    }
    start_.notice = gap + "; accepted";
    start_.offset = committed;
    start_.skips = true;
    return {};
  }

  Result<void> WithoutChangelog() {
    start_.offset = findings_.first_start;
    if (!findings_.committed) return {};
    start_.offset = findings_.committed->offset;
    if (!settings_.remembers) return {};
    const auto metadata = ParseCommitMetadata(findings_.committed->metadata);
    if (metadata && OutlivedRetention(metadata->append_ms, settings_.changelog_retention.count(),
                                      findings_.now_ms)) {
      return {};
    }
    if (settings_.accepted.gap) {
      start_.notice = settings_.durable_seen_sets
                          ? "the changelog is empty; going on with what Redis has, as accepted"
                          : "the changelog is empty; starting with an empty memory, as accepted";
      return {};
    }
    return Stop("the group " + settings_.group + " has a committed offset (" +
                std::to_string(start_.offset) + ") but the changelog " +
                settings_.topics[kChangelogTopic].name +
                " holds nothing: it was deleted or made anew, or the group belonged to another "
                "program. Going on could repeat events. " +
                Repair("Fill it", settings_) + "or choose another --group");
  }

  Result<void> AgainstInput() {
    const auto& input = findings_.input;
    if (start_.offset > input.high) {
      return Stop("the next offset is " + std::to_string(start_.offset) +
                  ", but the topic ends at " + std::to_string(input.high) +
                  ": it was deleted and made anew, or cut off. Use another --group and output for "
                  "the new topic");
    }
    if (start_.offset >= input.low) return {};
    const std::string range = "input offsets " + std::to_string(start_.offset) + " to " +
                              std::to_string(input.low - 1) + " were deleted before they were read";
    if (!settings_.accepted.gap) {
      return Stop(range + ". They are lost; raise the topic's retention, then " +
                  (settings_.remembers ? "go on with --accept-gap"
                                       : "move the group with semel group reset"));
    }
    start_.notice = range + "; accepted";
    start_.offset = input.low;
    const auto& covered = state_.changelog.covered;
    start_.skips = covered && start_.offset > *covered;
    start_.rewinds = start_.rewinds && !start_.skips;
    return {};
  }

  const LaneSettings& settings_;
  const RuleIdentity& rule_;
  const Findings& findings_;
  const PartitionState& state_;
  StartPosition start_;
};

}  // namespace

bool EndsBeforeCommitted(const LaneSettings& settings, const Findings& findings) {
  if (!findings.committed) return false;
  if (findings.committed->offset > findings.input.high) return true;
  const auto metadata = ParseCommitMetadata(findings.committed->metadata);
  return settings.remembers && metadata && metadata->changelog_offset >= findings.changelog.high;
}

bool LiesBehindChangelog(const Findings& findings, const PartitionState& state) {
  const auto& covered = state.changelog.covered;
  if (!covered) return false;
  return (findings.committed && findings.committed->offset < *covered) ||
         findings.input.high < *covered;
}

Result<void> CheckCommitted(const LaneSettings& settings, kafka::Partition partition,
                            const Findings& findings) {
  if (!findings.committed) return {};
  const auto metadata = ParseCommitMetadata(findings.committed->metadata);
  if (!metadata) return {};
  const std::string where =
      "topic " + settings.from + " partition " + std::to_string(partition) + ": ";
  if (metadata->changelog_offset >= findings.changelog.high && !settings.accepted.gap) {
    return Error{
        Action::kStop,
        where + "the committed offset was written with changelog record " +
            std::to_string(metadata->changelog_offset) + " of " +
            settings.topics[kChangelogTopic].name + ", which ends at " +
            std::to_string(findings.changelog.high) +
            ": it was truncated, or deleted and made anew. Going on could repeat events. " +
            Repair("Delete it and fill it", settings) + "or choose another --group"};
  }
  if (metadata->input_partitions != settings.input_partitions && !settings.accepted.partitions) {
    return Error{Action::kStop,
                 where + "the topic had " + std::to_string(metadata->input_partitions) +
                     " partitions, now it has " + std::to_string(settings.input_partitions) +
                     ". Keys may have moved to other partitions, where their first sight is not "
                     "known: duplicates across the change come through for one window. Accept it "
                     "with --accept-new-partitions"};
  }
  return {};
}

Result<StartPosition> DecideStart(const LaneSettings& settings, const RuleIdentity& rule,
                                  const Findings& findings, const PartitionState& state) {
  return Decision(settings, rule, findings, state).Decide();
}

}  // namespace semel::pipeline
