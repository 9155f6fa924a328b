// The window rules in their simplest form: what should have happened to each record of the input.
// On purpose it shares nothing with the seen-set that it is held against.
#pragma once

#include <cstdint>
#include <vector>

#include "prove/histories.h"

namespace semel::prove {

enum class Fate : std::uint8_t { kUnique, kDuplicate, kMissing, kInvalid, kLate };

struct Judged {
  Fate fate = Fate::kUnique;
  /// Which record of the input is this event's first sight: itself, unless it is a duplicate.
  std::uint32_t first = 0;
  std::int64_t time_ms = 0;  ///< effective time
};

/// Judges the input, ordered by position, partition by partition. The effective time of a record
/// without a usable timestamp is what the changelog says, where it says something.
std::vector<Judged> JudgeInput(const Histories& histories, const Rules& rules);

}  // namespace semel::prove
