#include "kafka/group_admin.h"

#include <algorithm>
#include <span>

#include "kafka/admin_request.h"
#include "kafka/partition_list.h"

namespace semel::kafka {
namespace {

using ListOffsetsPtr = std::unique_ptr<rd_kafka_ListConsumerGroupOffsets_t,
                                       DestroyWith<rd_kafka_ListConsumerGroupOffsets_destroy>>;
using AlterOffsetsPtr = std::unique_ptr<rd_kafka_AlterConsumerGroupOffsets_t,
                                        DestroyWith<rd_kafka_AlterConsumerGroupOffsets_destroy>>;

std::string Text(const char* text) { return text == nullptr ? "" : text; }

GroupMember ToMember(const rd_kafka_MemberDescription_t* found) {
  GroupMember member{Text(rd_kafka_MemberDescription_client_id(found)),
                     Text(rd_kafka_MemberDescription_group_instance_id(found)),
                     Text(rd_kafka_MemberDescription_host(found))};
  if (member.host.starts_with('/')) member.host.erase(0, 1);  // as Java writes an address
  const auto* assignment = rd_kafka_MemberDescription_assignment(found);
  const auto* list =
      assignment == nullptr ? nullptr : rd_kafka_MemberAssignment_partitions(assignment);
  if (list != nullptr) member.partitions = ToPartitions(*list);
  std::sort(member.partitions.begin(), member.partitions.end());
  return member;
}

Result<void> CheckPartitions(const Instance& instance, const rd_kafka_topic_partition_list_t* list,
                             const std::string& what) {
  for (const auto& each : std::span(list->elems, static_cast<std::size_t>(list->cnt)))
    if (each.err != RD_KAFKA_RESP_ERR_NO_ERROR)
      return instance.Describe(each.err, what + ", " + Name(each.topic, each.partition), {},
                               "Read");
  return {};
}

/// The answer for the one group that was asked for.
Result<const rd_kafka_topic_partition_list_t*> PartitionsOf(
    const Instance& instance, std::span<const rd_kafka_group_result_t*> groups,
    const std::string& what) {
  if (groups.size() != 1) return instance.Describe(RD_KAFKA_RESP_ERR__BAD_MSG, what);
  if (const rd_kafka_error_t* error = rd_kafka_group_result_error(groups[0]); error != nullptr)
    return instance.Describe(rd_kafka_error_code(error), what, rd_kafka_error_string(error));
  const auto* list = rd_kafka_group_result_partitions(groups[0]);
  SEMEL_TRY(CheckPartitions(instance, list, what));
  return list;
}

}  // namespace

GroupAdmin::GroupAdmin(std::unique_ptr<Instance> instance) : instance_(std::move(instance)) {}
GroupAdmin::~GroupAdmin() = default;

Result<std::unique_ptr<GroupAdmin>> GroupAdmin::Open(const ClientSettings& settings,
                                                     Logger& logger) {
  SEMEL_TRY_ASSIGN(auto instance, OpenAdmin("group admin client", settings, logger));
  return std::unique_ptr<GroupAdmin>(new GroupAdmin(std::move(instance)));
}

Result<std::vector<GroupListing>> GroupAdmin::List(Milliseconds timeout) {
  const std::string what = "list the consumer groups";
  const AdminRequest request(*instance_, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, timeout);
  rd_kafka_ListConsumerGroups(instance_->get(), request.options(), request.queue());
  SEMEL_TRY_ASSIGN(const EventPtr event, request.Await(what));
  const auto* answer = rd_kafka_event_ListConsumerGroups_result(event.get());
  std::size_t count = 0;
  // One broker that does not answer would make a list with holes.
  const auto** errors = rd_kafka_ListConsumerGroups_result_errors(answer, &count);
  if (count > 0)
    return instance_->Describe(rd_kafka_error_code(errors[0]), what,
                               rd_kafka_error_string(errors[0]));
  const auto** found = rd_kafka_ListConsumerGroups_result_valid(answer, &count);
  std::vector<GroupListing> groups;
  for (const auto* group : std::span(found, count))
    groups.push_back(
        {rd_kafka_ConsumerGroupListing_group_id(group),
         rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupListing_state(group))});
  std::ranges::sort(groups, {}, &GroupListing::name);
  return groups;
}

Result<GroupDescription> GroupAdmin::Describe(const std::string& group, Milliseconds timeout) {
  const std::string what = "describe group " + group;
  const AdminRequest request(*instance_, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, timeout);
  const char* name = group.c_str();
  rd_kafka_DescribeConsumerGroups(instance_->get(), &name, 1, request.options(), request.queue());
  SEMEL_TRY_ASSIGN(const EventPtr event, request.Await(what));
  std::size_t count = 0;
  const auto** found = rd_kafka_DescribeConsumerGroups_result_groups(
      rd_kafka_event_DescribeConsumerGroups_result(event.get()), &count);
  if (count != 1) return instance_->Describe(RD_KAFKA_RESP_ERR__BAD_MSG, what);
  if (const auto* error = rd_kafka_ConsumerGroupDescription_error(found[0]); error != nullptr)
    return instance_->Describe(rd_kafka_error_code(error), what, rd_kafka_error_string(error));
  GroupDescription description{
      rd_kafka_consumer_group_state_name(rd_kafka_ConsumerGroupDescription_state(found[0])),
      Text(rd_kafka_ConsumerGroupDescription_partition_assignor(found[0]))};
  for (std::size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(found[0]); ++i)
    description.members.push_back(ToMember(rd_kafka_ConsumerGroupDescription_member(found[0], i)));
  std::ranges::sort(description.members, {}, &GroupMember::client_id);
  return description;
}

Result<GroupOffsets> GroupAdmin::Committed(const std::string& group, Milliseconds timeout) {
  const std::string what = "ask for the committed offsets of group " + group;
  const AdminRequest request(*instance_, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, timeout);
  const ListOffsetsPtr asked(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr));
  rd_kafka_ListConsumerGroupOffsets_t* pointer = asked.get();
  rd_kafka_ListConsumerGroupOffsets(instance_->get(), &pointer, 1, request.options(),
                                    request.queue());
  SEMEL_TRY_ASSIGN(const EventPtr event, request.Await(what));
  std::size_t count = 0;
  const auto** groups = rd_kafka_ListConsumerGroupOffsets_result_groups(
      rd_kafka_event_ListConsumerGroupOffsets_result(event.get()), &count);
  SEMEL_TRY_ASSIGN(const auto* list, PartitionsOf(*instance_, {groups, count}, what));
  GroupOffsets offsets;
  for (const auto& each : std::span(list->elems, static_cast<std::size_t>(list->cnt)))
    if (each.offset >= 0)
      offsets[{each.topic, each.partition}] = {
          each.offset,
          each.metadata_size == 0
              ? ""
              : std::string(static_cast<const char*>(each.metadata), each.metadata_size)};
  return offsets;
}

Result<void> GroupAdmin::Commit(const std::string& group, const Offsets& offsets,
                                Milliseconds timeout) {
  const std::string what = "move the committed offsets of group " + group;
  const AdminRequest request(*instance_, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, timeout);
  const PartitionListPtr list = ToList(offsets);
  const AlterOffsetsPtr wanted(rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get()));
  rd_kafka_AlterConsumerGroupOffsets_t* pointer = wanted.get();
  rd_kafka_AlterConsumerGroupOffsets(instance_->get(), &pointer, 1, request.options(),
                                     request.queue());
  SEMEL_TRY_ASSIGN(const EventPtr event, request.Await(what));
  std::size_t count = 0;
  const auto** groups = rd_kafka_AlterConsumerGroupOffsets_result_groups(
      rd_kafka_event_AlterConsumerGroupOffsets_result(event.get()), &count);
  const auto done = PartitionsOf(*instance_, {groups, count}, what);
  return done ? Result<void>() : done.error();
}

}  // namespace semel::kafka
