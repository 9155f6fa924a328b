#include "group_tool/reset_target.h"

#include <algorithm>
#include <string>

#include "base/number.h"
#include "config/start.h"

namespace semel::group_tool {
namespace {

Error Misfit(const TopicPartition& at, const std::string& what) {
  return {Action::kFix, at.topic + " [" + std::to_string(at.partition) + "]: " + what};
}

}  // namespace

Result<ResetTarget> ParseResetTarget(std::string_view text) {
  // Back from the committed offset, not from the end as where consuming begins.
  if (text.starts_with('-')) {
    if (const auto back = ParseCount(text.substr(1))) return ResetTarget{Place::Committed(), *back};
  } else if (const auto place = config::ParsePlace(text)) {
    return ResetTarget{*place};
  }
  return Error{Action::kFix,
               "--to " + std::string(text) +
                   ": write beginning, end, an offset (1200), so many back (-100), a date "
                   "(2026-11-23, UTC) or a time with its zone (2026-11-23T09:28:33Z)"};
}

Result<kafka::Offset> Resolve(const ResetTarget& target, const PartitionFindings& findings) {
  const kafka::Watermarks& marks = findings.marks;
  switch (target.place.kind) {
    case Place::Kind::kBeginning:
      return marks.low;
    case Place::Kind::kEnd:
      return marks.last_stable;
    case Place::Kind::kTime:
      return findings.at_time;
    case Place::Kind::kCommitted:
      if (!findings.committed)
        return Misfit(findings.at, "the group has no committed offset to count back from");
      return std::max(marks.low, *findings.committed - target.back);
    case Place::Kind::kLast:
      return std::max(marks.low, marks.last_stable - target.place.value);
    case Place::Kind::kOffset:
      break;
  }
  const kafka::Offset offset = target.place.value;
  if (offset >= marks.low && offset <= marks.high) return offset;
  return Misfit(findings.at, "offset " + std::to_string(offset) +
                                 " is not there, it has those from " + std::to_string(marks.low) +
                                 " to " + std::to_string(marks.high) +
                                 ". One partition alone is named with --topic TOPIC:PARTITION");
}

kafka::Offset LagOf(const kafka::Watermarks& marks, kafka::Offset committed) {
  return std::max<kafka::Offset>(0, marks.last_stable - std::max(marks.low, committed));
}

}  // namespace semel::group_tool
