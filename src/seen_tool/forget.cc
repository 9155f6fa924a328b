#include "seen_tool/forget.h"

#include <algorithm>

#include "pipeline/commit_metadata.h"
#include "seen_tool/entries.h"
#include "seen_tool/held_job.h"

namespace semel::seen_tool {
namespace {

using kafka::Partition;

/// What is asked for; all of one size.
struct Wanted {
  std::set<Fingerprint> fingerprints;
  int bits = 0;
};

Result<Wanted> ParseAll(const std::vector<std::string>& texts) {
  Wanted wanted;
  for (const std::string& text : texts) {
    SEMEL_TRY_ASSIGN(const Fingerprint fingerprint, ParseFingerprint(text));
    const int bits = static_cast<int>(text.size()) * 4;
    if (wanted.bits != 0 && wanted.bits != bits)
      return Error{Action::kFix,
                   "fingerprints of one job have one length; " + text + " has another"};
    wanted.bits = bits;
    wanted.fingerprints.insert(fingerprint);
  }
  return wanted;
}

class Forgetter {
 public:
  Forgetter(const JobNames& names, const JobShape& shape, Wanted wanted, Logger& logger,
            prove::Activity& activity)
      : names_(names),
        shape_(shape),
        wanted_(std::move(wanted)),
        activity_(activity),
        job_(names, shape, "forget", logger) {
    activity_.topic = &names_.changelog;
  }

  Result<void> Run(const std::function<void(const PartitionForgot&)>& report) {
    SEMEL_TRY(job_.Take());
    SEMEL_TRY_ASSIGN(const auto committed, job_.Committed());
    for (Partition partition = 0; partition < shape_.partitions; ++partition) {
      SEMEL_TRY(job_.StillOurs());
      SEMEL_TRY_ASSIGN(const auto follower, job_.ReadChangelog(partition));
      activity_.records += follower->records();
      if (follower->state().changelog.last < 0) continue;  // nothing was ever remembered
      const auto offset = committed.find(partition);
      SEMEL_TRY(Do(follower->state(),
                   offset == committed.end() ? kafka::CommittedOffset{-1, {}} : offset->second,
                   report));
    }
    return {};
  }

 private:
  /// Both were committed together, or `semel dedup` would not go on from here.
  Result<pipeline::CommitMetadata> CheckWhole(const pipeline::PartitionState& state,
                                              const kafka::CommittedOffset& committed) const {
    const auto metadata = pipeline::ParseCommitMetadata(committed.metadata);
    if (metadata && state.changelog.covered == committed.offset &&
        state.changelog.last == metadata->changelog_offset)
      return *metadata;
    return Error{Action::kStop, "changelog " + names_.changelog + " partition " +
                                    std::to_string(state.partition) +
                                    " does not go with the group's committed offset. What is "
                                    "wrong: semel seen verify"};
  }

  Result<void> Do(const pipeline::PartitionState& state, const kafka::CommittedOffset& committed,
                  const std::function<void(const PartitionForgot&)>& report) {
    const int bits = state.changelog.rule.bits;
    if (bits != wanted_.bits)
      return Error{Action::kFix, "fingerprints of this job have " + std::to_string(bits / 4) +
                                     " hex digits, not " + std::to_string(wanted_.bits / 4)};
    SEMEL_TRY_ASSIGN(const auto metadata, CheckWhole(state, committed));
    SEMEL_TRY_ASSIGN(ForgetLog log,
                     PackForget(state, wanted_.fingerprints, job_.transactional_id()));
    if (log.records.empty()) return {};
    SEMEL_TRY(
        job_.Write({state.partition, committed.offset, metadata.input_partitions}, log.records));
    report({state.partition, bits, std::move(log.forgotten), log.written_again});
    return {};
  }

  const JobNames& names_;
  const JobShape shape_;
  const Wanted wanted_;
  prove::Activity& activity_;
  HeldJob job_;
};

}  // namespace

Result<Fingerprint> ParseFingerprint(std::string_view hex) {
  const Error misfit{Action::kFix, "not a fingerprint: '" + std::string(hex) +
                                       "'; it has 32 or 64 hex digits, as semel fingerprint "
                                       "prints it"};
  if (hex.size() != 32 && hex.size() != 64) return misfit;
  Fingerprint fingerprint;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    static constexpr std::string_view kDigits = "0123456789abcdef";
    const std::size_t digit = kDigits.find(hex[i]);
    if (digit == std::string_view::npos) return misfit;
    std::uint8_t& byte = fingerprint.bytes.at(i / 2);
    byte = static_cast<std::uint8_t>(byte * 16 + digit);
  }
  return fingerprint;
}

std::string ToText(const PartitionForgot& partition) {
  std::string text;
  for (const Sighting& entry : partition.forgotten)
    text += "partition " + std::to_string(partition.partition) + ": forgot " +
            ToHex(entry.fingerprint, partition.bits) + ", first seen " + TimeText(entry.time_ms) +
            " at input offset " + std::to_string(entry.offset) + "\n";
  return text + "partition " + std::to_string(partition.partition) + ": " +
         std::to_string(partition.written_again) + " later entries written again\n";
}

Result<void> Forget(const JobNames& job, const std::vector<std::string>& fingerprints,
                    Logger& logger, prove::Activity& activity,
                    const std::function<void(const PartitionForgot&)>& report) {
  SEMEL_TRY_ASSIGN(Wanted wanted, ParseAll(fingerprints));
  SEMEL_TRY_ASSIGN(const JobShape shape, FindShape(job, logger));
  return Forgetter(job, shape, std::move(wanted), logger, activity).Run(report);
}

}  // namespace semel::seen_tool
