// `semel seen forget`: some events are not remembered any more, so that each may pass once more.
#pragma once

#include <functional>

#include "base/log.h"
#include "prove/activity.h"
#include "seen_tool/forget_log.h"
#include "seen_tool/verify.h"

namespace semel::seen_tool {

struct PartitionForgot {
  kafka::Partition partition = 0;
  int bits = 128;
  std::vector<Sighting> forgotten;  ///< never empty
  std::uint64_t written_again = 0;
};

/// A line for each event.
std::string ToText(const PartitionForgot& partition);

/// 32 or 64 hex digits. Errors: kFix, naming the text.
Result<Fingerprint> ParseFingerprint(std::string_view hex);

/// Looks for them in every partition. Each partition is one transaction; `report` gets those in
/// which something was forgotten. Run again after whatever ended it: what is done stays.
/// Errors: kFix (topics, fingerprints of another size); kStop when the group is in use, or the
/// changelog is not whole; kConnect; kFail.
Result<void> Forget(const JobNames& job, const std::vector<std::string>& fingerprints,
                    Logger& logger, prove::Activity& activity,
                    const std::function<void(const PartitionForgot&)>& report);

}  // namespace semel::seen_tool
