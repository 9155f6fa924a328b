// Do the group's committed offset and the changelog belong together? Pure.
#pragma once

#include <optional>

#include "kafka/client.h"
#include "pipeline/partition_state.h"

namespace semel::seen_tool {

/// The changelog record that the committed offset's metadata names, as it was found.
struct NamedRecord {
  std::int64_t append_ms = 0;
  kafka::Offset end = 0;  ///< of the input range that it speaks of
};

struct CommitFindings {
  std::optional<kafka::CommittedOffset> before{};  ///< as of before the changelog was read
  std::optional<kafka::CommittedOffset> after{};   ///< and after it: a running job moves on
  std::optional<NamedRecord> named{};              ///< the one that `before` names
  kafka::Watermarks log{};                         ///< asked for between the two
  pipeline::ChangelogPosition end{};               ///< where the changelog ends
  std::int64_t retention_ms = 0;                   ///< of the changelog; 0: unlimited
  std::int64_t now_ms = 0;
};

/// Errors: kStop, with both offsets and what `semel dedup` would make of it.
Result<void> CheckCommit(const CommitFindings& findings);

}  // namespace semel::seen_tool
