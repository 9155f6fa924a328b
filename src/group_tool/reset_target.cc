#include "group_tool/reset_target.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "config/start.h"

namespace semel::group_tool {
namespace {

using Kind = ResetTarget::Kind;

std::optional<std::int64_t> ParseCount(std::string_view text) {
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || rest != end || number < 0) return std::nullopt;
  return number;
}

Error Misfit(const kafka::TopicPartition& at, const std::string& what) {
  return {Action::kFix, at.topic + " [" + std::to_string(at.partition) + "]: " + what};
}

}  // namespace

Result<ResetTarget> ParseResetTarget(std::string_view text) {
  if (text == "beginning") return ResetTarget{Kind::kBeginning};
  if (text == "end") return ResetTarget{Kind::kEnd};
  if (const auto offset = ParseCount(text)) return ResetTarget{Kind::kOffset, *offset};
  if (text.starts_with('-'))
    if (const auto back = ParseCount(text.substr(1))) return ResetTarget{Kind::kBack, *back};
  if (const auto start = config::ParseStart(text);
      start && start->kind == config::Start::Kind::kTime)
    return ResetTarget{Kind::kTime, start->time_ms};
  return Error{Action::kFix,
               "--to " + std::string(text) +
                   ": write beginning, end, an offset (1200), so many back (-100), a date "
                   "(2026-11-23, UTC) or a time with its zone (2026-11-23T09:28:33Z)"};
}

Result<kafka::Offset> Resolve(const ResetTarget& target, const PartitionFindings& findings) {
  const kafka::Watermarks& marks = findings.marks;
  switch (target.kind) {
    case Kind::kBeginning:
      return marks.low;
    case Kind::kEnd:
      return marks.last_stable;
    case Kind::kTime:
      return findings.at_time;
    case Kind::kBack:
      if (!findings.committed)
        return Misfit(findings.at, "the group has no committed offset to count back from");
      return std::max(marks.low, *findings.committed - target.number);
    case Kind::kOffset:
      break;
  }
  if (target.number >= marks.low && target.number <= marks.high) return target.number;
  return Misfit(findings.at, "offset " + std::to_string(target.number) +
                                 " is not there, it has those from " + std::to_string(marks.low) +
                                 " to " + std::to_string(marks.high) +
                                 ". One partition alone is named with --topic TOPIC:PARTITION");
}

kafka::Offset LagOf(const kafka::Watermarks& marks, kafka::Offset committed) {
  return std::max<kafka::Offset>(0, marks.last_stable - std::max(marks.low, committed));
}

}  // namespace semel::group_tool
