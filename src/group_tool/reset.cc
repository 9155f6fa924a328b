#include "group_tool/reset.h"

#include <set>

#include "base/number.h"
#include "kafka/admin.h"
#include "kafka/rdkafka_log_reader.h"
#include "pipeline/commit_metadata.h"

namespace semel::group_tool {
namespace {

constexpr kafka::Milliseconds kTimeout{30'000};

using Chosen = std::map<std::string, std::set<kafka::Partition>>;

/// The partitions that are chosen, once each.
Result<Chosen> Choose(const std::vector<std::string>& topics, kafka::Admin& admin) {
  Chosen chosen;
  for (const std::string& text : topics) {
    SEMEL_TRY_ASSIGN(const TopicChoice choice, ParseTopicChoice(text));
    SEMEL_TRY_ASSIGN(const auto found, admin.Find(choice.topic, kTimeout));
    if (choice.partition && *choice.partition >= found.partitions)
      return Error{Action::kFix, "topic " + choice.topic + " has no partition " +
                                     std::to_string(*choice.partition) + ", it has " +
                                     std::to_string(found.partitions)};
    if (choice.partition) {
      chosen[choice.topic].insert(*choice.partition);
    } else {
      for (kafka::Partition partition = 0; partition < found.partitions; ++partition)
        chosen[choice.topic].insert(partition);
    }
  }
  return chosen;
}

Result<void> CheckEmpty(const kafka::GroupDescription& group, const std::string& name) {
  if (group.members.empty() && (group.state == "Empty" || !group.exists())) return {};
  const std::string who = group.members.empty() ? ""
                                                : " by " + group.members.front().client_id +
                                                      " on " + group.members.front().host;
  return Error{Action::kStop, "group " + name + " is in use" + who + " (" + group.state +
                                  "): stop its members first. One that was killed leaves the "
                                  "group when its session has timed out"};
}

/// Adds the moves of one topic. The offsets are stable ones: what an open transaction would still
/// move is waited for.
Result<void> Plan(const kafka::ClientSettings& settings, const std::string& topic,
                  const std::vector<kafka::Partition>& partitions, const ResetTarget& target,
                  ResetPlan& plan, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto reader,
                   kafka::RdkafkaLogReader::Open(settings, {plan.group, topic}, logger));
  SEMEL_TRY_ASSIGN(const auto committed, reader->Committed(partitions, kTimeout));
  for (const kafka::Partition partition : partitions) {
    PartitionFindings findings{.at = {topic, partition}};
    SEMEL_TRY_ASSIGN(findings.marks, reader->Marks(topic, partition, kTimeout));
    if (target.place.kind == Place::Kind::kTime) {
      SEMEL_TRY_ASSIGN(findings.at_time,
                       reader->OffsetAt(topic, partition, target.place.value, kTimeout));
    }
    if (const auto found = committed.find(partition); found != committed.end()) {
      findings.committed = found->second.offset;
      if (pipeline::ParseCommitMetadata(found->second.metadata)) plan.of_dedup = true;
    }
    SEMEL_TRY_ASSIGN(const kafka::Offset after, Resolve(target, findings));
    plan.moves.push_back({findings.at, findings.committed, after});
  }
  return {};
}

}  // namespace

Result<TopicChoice> ParseTopicChoice(const std::string& text) {
  const std::size_t colon = text.rfind(':');  // which no topic's name can hold
  if (colon == std::string::npos) return TopicChoice{text};
  const auto partition = ParseNumber<kafka::Partition>(std::string_view(text).substr(colon + 1));
  if (!partition || *partition < 0 || colon == 0)
    return Error{Action::kFix,
                 "--topic " + text + ": it is written TOPIC or TOPIC:PARTITION, as in orders:0"};
  return TopicChoice{text.substr(0, colon), partition};
}

Result<ResetPlan> PlanReset(const kafka::ClientSettings& settings, const std::string& group,
                            const std::vector<std::string>& topics, const ResetTarget& target,
                            Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto groups, kafka::GroupAdmin::Open(settings, logger));
  SEMEL_TRY_ASSIGN(const auto description, groups->Describe(group, kTimeout));
  SEMEL_TRY(CheckEmpty(description, group));
  SEMEL_TRY_ASSIGN(const auto admin, kafka::Admin::Open(settings, logger));
  SEMEL_TRY_ASSIGN(const auto chosen, Choose(topics, *admin));
  ResetPlan plan{.group = group, .exists = description.exists()};
  for (const auto& [topic, partitions] : chosen)
    SEMEL_TRY(Plan(settings, topic, {partitions.begin(), partitions.end()}, target, plan, logger));
  return plan;
}

Result<void> Execute(const ResetPlan& plan, const kafka::ClientSettings& settings, Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto groups, kafka::GroupAdmin::Open(settings, logger));
  Offsets offsets;
  for (const OffsetMove& move : plan.moves) offsets[move.at] = move.after;
  return groups->Commit(plan.group, offsets, kTimeout);
}

}  // namespace semel::group_tool
