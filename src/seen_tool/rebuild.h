// `semel seen rebuild`: after the changelog topic was lost, what was seen is read from the output
// and written to the new, empty changelog, with the offsets that belong to it.
#pragma once

#include <functional>

#include "base/log.h"
#include "prove/activity.h"
#include "seen_tool/output_replay.h"
#include "wiring/dedup_options.h"

namespace semel::seen_tool {

struct PartitionRebuilt {
  enum class How : std::uint8_t {
    kRebuilt,
    kThereAlready,  ///< an earlier run came that far
    kNeverRead,     ///< nothing was ever committed for it, and nothing came out
  };
  kafka::Partition partition = 0;
  How how = How::kRebuilt;
  kafka::Offset committed = 0;
  std::uint64_t entries = 0;
  std::int64_t oldest_ms = 0;
  OutputCounts output{};
};

std::string ToText(const PartitionRebuilt& partition);

/// Of `options` it takes what names the job, the key rule, the window, `policies.missing`,
/// `create_topics` and `accepted.gap`. Each partition is one transaction; `report` gets it when it
/// is done. Run again after whatever ended it: what is done stays.
/// Errors: kFix (topics); kStop when the changelog is not empty, the group is in use or has no
/// offsets of `semel dedup`, or the output is not whole; kConnect; kFail.
Result<void> Rebuild(const DedupOptions& options, Logger& logger, prove::Activity& activity,
                     const std::function<void(const PartitionRebuilt&)>& report);

}  // namespace semel::seen_tool
