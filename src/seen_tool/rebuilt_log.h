// The changelog records that stand for those that were lost. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kafka/client.h"
#include "seen_set/changelog.h"

namespace semel::seen_tool {

struct RebuiltLog {
  RuleIdentity rule;
  std::string transactional_id;
  kafka::Partition partition = 0;
  kafka::Offset committed = 0;  ///< the group's: the records cover the input up to here
  std::int64_t stream_time_ms = 0;
  std::vector<Sighting> entries;  ///< in the order of their arrival
};

/// Packs them. Where in the input an entry was is not known: they get the last offsets before
/// `committed`, in their order, so that none is said to be older than it can be.
/// Errors: kStop when there are more entries than input offsets, so that they are of another job.
Result<std::vector<std::string>> PackRebuilt(RebuiltLog log);

/// What is known of an output partition that has lost its front.
struct OutputFront {
  kafka::Offset low = 0;          ///< first offset that still exists
  std::int64_t retention_ms = 0;  ///< of the topic; < 0: unlimited
  bool bounded_by_size = false;   ///< retention.bytes is set
  std::int64_t now_ms = 0;
  std::int64_t stream_time_ms = 0;
  std::int64_t window_ms = 0;
};

/// Whether the output may lack events that are to be remembered.
bool MayLackEvents(const OutputFront& front);

}  // namespace semel::seen_tool
