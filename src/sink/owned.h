// A partition that the group gave to a lane.
#pragma once

#include <cstdint>
#include <map>

#include "kafka/client.h"

namespace semel::sink {

struct Owned {
  kafka::Offset committed = 0;  ///< as the database has it
  kafka::Offset next = 0;       ///< the first one that is not taken
  std::uint64_t taken = 0;      ///< records, in the open transaction
  bool fetching = false;
};

using OwnedPartitions = std::map<kafka::Partition, Owned>;

}  // namespace semel::sink
