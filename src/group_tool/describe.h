// `semel group describe`: who is in a group, and how far it has come.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kafka/group_admin.h"

namespace semel::group_tool {

/// A partition that the group has an offset for, or that a member was given.
struct PartitionProgress {
  TopicPartition at{};
  std::optional<kafka::Offset> committed{};
  std::optional<kafka::Offset> end{};  ///< last stable offset; empty: the topic is gone
  std::optional<kafka::Offset> lag{};  ///< known where both are
};

struct GroupReport {
  kafka::GroupDescription group{};
  std::vector<PartitionProgress> partitions{};  ///< by topic and partition
};

/// Errors: kFix for a group that the brokers do not know; those of Kafka.
Result<GroupReport> DescribeGroup(const kafka::ClientSettings& settings, const std::string& group,
                                  Logger& logger);

/// The partitions of a member, as in "orders 0,1 returns 0". Pure.
std::string ToText(const std::vector<TopicPartition>& partitions);

}  // namespace semel::group_tool
