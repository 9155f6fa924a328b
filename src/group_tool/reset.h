// `semel group reset`: first what would be moved where, then the moving.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "group_tool/reset_target.h"

namespace semel::group_tool {

struct OffsetMove {
  TopicPartition at{};
  std::optional<kafka::Offset> before{};  ///< empty: nothing is committed
  kafka::Offset after = 0;
};

struct ResetPlan {
  std::string group;
  bool exists = true;               ///< false: the brokers do not know the group yet
  bool of_dedup = false;            ///< a `semel dedup` committed what would be moved
  std::vector<OffsetMove> moves{};  ///< by topic and partition
};

/// `topics`: TOPIC, or TOPIC:PARTITION. Writes nothing.
/// Errors: kFix (no such topic or offset), kStop when the group has members, those of Kafka.
Result<ResetPlan> PlanReset(const kafka::ClientSettings& settings, const std::string& group,
                            const std::vector<std::string>& topics, const ResetTarget& target,
                            Logger& logger);

/// Errors: those of Kafka; that somebody joined since the plan was made is one of them.
Result<void> Execute(const ResetPlan& plan, const kafka::ClientSettings& settings, Logger& logger);

struct TopicChoice {
  std::string topic;
  std::optional<kafka::Partition> partition{};  ///< empty: all of them
};
/// TOPIC or TOPIC:PARTITION. Pure. Errors: kFix, naming the text.
Result<TopicChoice> ParseTopicChoice(const std::string& text);

}  // namespace semel::group_tool
