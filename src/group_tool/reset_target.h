// Where `semel group reset` moves a committed offset to. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "kafka/group_admin.h"
#include "semel/consumer.h"

namespace semel::group_tool {

struct ResetTarget {
  Place place{};
  std::int64_t back = 0;  ///< so many offsets before it, where it is the committed one

  friend bool operator==(const ResetTarget&, const ResetTarget&) = default;
};

/// `beginning`, `end`, an offset (`1200`), so many back (`-100`), or a time as --start takes it,
/// but not in milliseconds. Errors: kFix, naming the text and these forms.
Result<ResetTarget> ParseResetTarget(std::string_view text);

/// What is known of a partition.
struct PartitionFindings {
  TopicPartition at{};
  kafka::Watermarks marks{};
  std::optional<kafka::Offset> committed{};
  kafka::Offset at_time = 0;  ///< first offset at or after the target's time; read for kTime only
};

/// The end is the last stable offset: what an open transaction holds is yet to come.
/// Errors: kFix, naming the partition: nothing to count back from, or an offset that is not there.
Result<kafka::Offset> Resolve(const ResetTarget& target, const PartitionFindings& findings);

/// What is left to read; what was deleted unread does not count.
kafka::Offset LagOf(const kafka::Watermarks& marks, kafka::Offset committed);

}  // namespace semel::group_tool
