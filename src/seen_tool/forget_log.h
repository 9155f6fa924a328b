// The changelog records that make a partition forget some events. Pure.
//
// In docs/formats/changelog_v1.md only a rewind takes entries away: all at or above its first
// offset. So it goes back to the first event that is to be forgotten, and brings the others along.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "pipeline/partition_state.h"

namespace semel::seen_tool {

struct ForgetLog {
  std::vector<Sighting> forgotten;   ///< by input offset; empty: nothing of it is remembered
  std::uint64_t written_again = 0;   ///< entries that come after the first of them
  std::vector<std::string> records;  ///< empty where nothing is forgotten
};

/// `state`: the changelog of the partition, followed to its end.
/// Errors: kStop for a memory that no changelog can have given.
Result<ForgetLog> PackForget(const pipeline::PartitionState& state,
                             const std::set<Fingerprint>& fingerprints,
                             const std::string& transactional_id);

}  // namespace semel::seen_tool
