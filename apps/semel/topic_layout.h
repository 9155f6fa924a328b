// What `semel topic describe` shows beside the offsets.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "kafka/settings.h"
#include "semel/result.h"

namespace semel::app {

struct PartitionLayout {
  std::int32_t leader = -1;  ///< -1: none
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> in_sync;
};

struct TopicLayout {
  std::vector<PartitionLayout> partitions;                  ///< by number
  std::vector<std::pair<std::string, std::string>> config;  ///< what was set for this topic
};

/// Errors: kFix (no such topic), kConnect, kFail.
Result<TopicLayout> ReadTopicLayout(const kafka::ClientSettings& settings, const std::string& topic,
                                    Logger& logger);

}  // namespace semel::app
