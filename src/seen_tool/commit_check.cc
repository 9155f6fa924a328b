#include "seen_tool/commit_check.h"

#include "pipeline/changelog_replay.h"
#include "pipeline/commit_metadata.h"

namespace semel::seen_tool {
namespace {

using pipeline::CommitMetadata;

Error Wrong(const std::string& what) { return {Action::kStop, what}; }

std::string Text(kafka::Offset offset) { return std::to_string(offset); }

Result<void> CheckEmpty(const CommitFindings& findings,
                        const std::optional<CommitMetadata>& metadata) {
  if (metadata && metadata->changelog_offset < findings.log.high &&
      pipeline::OutlivedRetention(metadata->append_ms, findings.retention_ms, findings.now_ms))
    return {};
  return Wrong("the changelog holds nothing, the group's committed offset is " +
               Text(findings.before->offset) +
               ": it was deleted, truncated or made anew. If the output is whole, `semel seen "
               "rebuild` fills it again");
}

Result<void> CheckNamed(const CommitFindings& findings, const CommitMetadata& metadata) {
  const std::string named = "the committed offset " + Text(findings.before->offset) +
                            " was written with record " + Text(metadata.changelog_offset) +
                            " of the changelog";
  if (metadata.changelog_offset >= findings.log.high)
    return Wrong(named + ", which ends at " + Text(findings.log.high) +
                 ": it was truncated, or deleted and made anew");
  if (metadata.changelog_offset < findings.log.low) return {};  // removed; what follows was read
  if (!findings.named) return Wrong(named + ", and there is no such record");
  if (findings.named->end != findings.before->offset ||
      findings.named->append_ms != metadata.append_ms)
    return Wrong(named + ", where another record is: it covers the input up to " +
                 Text(findings.named->end));
  return {};
}

}  // namespace

Result<void> CheckCommit(const CommitFindings& findings) {
  const auto& covered = findings.end.covered;
  if (!findings.before) {
    // The job may have made its first commit meanwhile.
    if (!covered || findings.after) return {};
    return Wrong("the group has no committed offset, the changelog covers the input up to " +
                 Text(*covered) + ": the group was deleted or has expired, or is another one");
  }
  const auto metadata = pipeline::ParseCommitMetadata(findings.before->metadata);
  if (!covered) return CheckEmpty(findings, metadata);
  if (findings.before->offset > *covered)
    return Wrong("the committed offset " + Text(findings.before->offset) +
                 " lies ahead of the changelog, which covers the input up to " + Text(*covered) +
                 ": it was moved, or the changelog lost its end");
  // Stable offsets that were asked for later include all that was read.
  if (!findings.after || findings.after->offset < *covered)
    return Wrong("the committed offset " + Text(findings.before->offset) +
                 " lies behind the changelog, which covers the input up to " + Text(*covered) +
                 ": it was moved back");
  return metadata ? CheckNamed(findings, *metadata) : Result<void>();
}

}  // namespace semel::seen_tool
