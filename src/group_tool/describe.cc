#include "group_tool/describe.h"

#include <map>

#include "group_tool/reset_target.h"
#include "kafka/admin.h"
#include "kafka/rdkafka_log_reader.h"

namespace semel::group_tool {
namespace {

constexpr kafka::Milliseconds kTimeout{30'000};

using Progress = std::map<TopicPartition, PartitionProgress>;

Progress Partitions(const kafka::GroupDescription& group, const kafka::GroupOffsets& committed) {
  Progress all;
  for (const kafka::GroupMember& member : group.members)
    for (const TopicPartition& at : member.partitions) all[at].at = at;
  for (const auto& [at, offset] : committed) all[at] = {.at = at, .committed = offset.offset};
  return all;
}

/// Offsets outlive their topic; then there is no end.
Result<void> AddEnds(const kafka::ClientSettings& settings, Progress& all, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(settings, logger));
  SEMEL_TRY_ASSIGN(const auto reader,
                   kafka::RdkafkaLogReader::Open(settings, {"semel.group", {}}, logger));
  std::map<std::string, int> counts;
  for (auto& [at, progress] : all) {
    if (!counts.contains(at.topic)) {
      SEMEL_TRY_ASSIGN(const auto topic, admin->Describe(at.topic, kTimeout));
      counts[at.topic] = topic.exists ? topic.partitions : 0;
    }
    if (at.partition >= counts[at.topic]) continue;
    SEMEL_TRY_ASSIGN(const auto marks, reader->Marks(at.topic, at.partition, kTimeout));
    progress.end = marks.last_stable;
    if (progress.committed) progress.lag = LagOf(marks, *progress.committed);
  }
  return {};
}

}  // namespace

Result<GroupReport> DescribeGroup(const kafka::ClientSettings& settings, const std::string& group,
                                  Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto groups, kafka::GroupAdmin::Open(settings, logger));
  GroupReport report;
  SEMEL_TRY_ASSIGN(report.group, groups->Describe(group, kTimeout));
  if (!report.group.exists())
    return Error{Action::kFix, "there is no group " + group + ". Existing ones: semel group list " +
                                   kafka::SemelFlags(settings)};
  SEMEL_TRY_ASSIGN(const auto committed, groups->Committed(group, kTimeout));
  Progress all = Partitions(report.group, committed);
  SEMEL_TRY(AddEnds(settings, all, logger));
  for (auto& [at, progress] : all) report.partitions.push_back(std::move(progress));
  return report;
}

std::string ToText(const std::vector<TopicPartition>& partitions) {
  std::string text;
  const std::string* topic = nullptr;
  for (const TopicPartition& at : partitions) {
    const bool same = topic != nullptr && *topic == at.topic;
    text += same ? "," : (topic == nullptr ? "" : " ") + at.topic + " ";
    text += std::to_string(at.partition);
    topic = &at.topic;
  }
  return text.empty() ? "-" : text;
}

}  // namespace semel::group_tool
