// What a seen-set remembers, as a list that two sets can be compared by.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "semel/seen_set.h"

namespace semel::seen_tool {

/// Every entry that is still remembered, by input offset.
/// Cost: 48 bytes an entry.
std::vector<Sighting> Collect(const SeenSet& seen, std::chrono::milliseconds window);

/// The first entry that only one of the two has; both as Collect returns them. Empty: equal.
std::optional<std::string> Difference(const std::vector<Sighting>& snapshot,
                                      const std::vector<Sighting>& changelog, int bits);

/// 2026-11-23T13:51:55.120Z; "-" for 0.
std::string TimeText(std::int64_t ms);

}  // namespace semel::seen_tool
