// The ways in which `semel consume` reads.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "message_output.h"
#include "semel/consumer.h"

namespace semel::app {

struct ConsumeJob {
  ConsumerOptions consumer;  ///< with `start` set
  std::vector<std::string> topics;
  std::optional<std::int32_t> partition;  ///< pull only
  std::uint64_t count = std::numeric_limits<std::uint64_t>::max();
  bool until_end = false;
};

/// Each writes messages until the job's end, a stop or a closed pipe. With a group, what was
/// written is committed. `mode` is single, batch, pull or push.
Result<void> Consume(const std::string& mode, ConsumeJob job, MessageOutput& output,
                     const std::stop_token& stop);

}  // namespace semel::app
