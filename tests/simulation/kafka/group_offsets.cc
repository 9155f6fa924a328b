// The half of GroupCoordinator that keeps offsets.
#include <algorithm>

#include "group_coordinator.h"

namespace semel::simulation {
namespace {

constexpr std::size_t kMetadataMax = 4096;

}  // namespace

/// As GroupCoordinator of Kafka has it: a transactional commit without generation and member id is
/// taken from anybody, for old clients' sake.
ErrorCode GroupCoordinator::ValidateCommit(const Group& group, const MemberIdentity& who,
                                           bool transactional) {
  if (who.generation < 0 && group.state == State::kEmpty) return kNoError;
  if (who.generation >= 0 || !who.member.empty() || !who.instance.empty()) {
    if (const ErrorCode error = Validate(group, who); error != kNoError) return error;
    if (who.generation != group.generation) return RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION;
  } else if (!transactional) {
    return RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
  }
  if (!transactional && group.state == State::kCompleting)
    return RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
  return kNoError;
}

ErrorCode GroupCoordinator::Commit(const MemberIdentity& who, const OffsetMap& offsets) {
  const bool known = groups_.contains(who.group);
  if (!known && who.generation >= 0) return RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION;
  Group& group = groups_[who.group];
  if (const ErrorCode error = ValidateCommit(group, who, false); error != kNoError) return error;
  if (group.members.contains(who.member)) Alive(group, who.member);
  for (const auto& [where, offset] : offsets)
    group.offsets.committed[where] = {offset, ++group.writes};
  return kNoError;
}

ErrorCode GroupCoordinator::CommitInTransaction(const MemberIdentity& who,
                                                ProducerIdAndEpoch producer,
                                                const OffsetMap& offsets,
                                                const std::function<ErrorCode()>& verify) {
  const bool known = groups_.contains(who.group);
  if (!known && who.generation >= 0) return RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION;
  Group& group = groups_[who.group];
  if (const ErrorCode error = ValidateCommit(group, who, true); error != kNoError) return error;
  if (const ErrorCode error = group.producers.CheckEpoch(producer); error != kNoError) return error;
  if (!group.producers.HasOpen(producer.id)) {
    if (const ErrorCode error = verify(); error != kNoError) return error;
  }
  for (const auto& [where, offset] : offsets) {
    if (offset.metadata.size() > kMetadataMax) return RD_KAFKA_RESP_ERR_OFFSET_METADATA_TOO_LARGE;
  }
  const std::uint64_t order = ++group.writes;
  group.producers.Appended(producer, -1, 0, static_cast<kafka::Offset>(order), true);
  auto& pending = group.offsets.pending[producer.id];
  for (const auto& [where, offset] : offsets) pending[where] = {offset, order};
  return kNoError;
}

ErrorCode GroupCoordinator::WriteMarker(const std::string& name, ProducerIdAndEpoch producer,
                                        bool commit) {
  Group& group = groups_[name];
  if (const ErrorCode error = group.producers.CheckMarker(producer); error != kNoError)
    return error;
  static_cast<void>(group.producers.Ended(producer));
  const auto found = group.offsets.pending.find(producer.id);
  if (found == group.offsets.pending.end()) return kNoError;
  for (const auto& [where, record] : found->second) {
    const auto [there, added] = group.offsets.committed.try_emplace(where, record);
    if (!commit) {
      if (added) group.offsets.committed.erase(there);
    } else if (there->second.order < record.order) {
      there->second = record;
    }
  }
  group.offsets.pending.erase(found);
  return kNoError;
}

Fetched GroupOffsets::Fetch(const std::vector<TopicPartition>& partitions) const {
  Fetched fetched;
  for (const TopicPartition& where : partitions) {
    const bool undecided = std::any_of(pending.begin(), pending.end(), [&](const auto& entry) {
      return entry.second.contains(where);
    });
    if (undecided) return {.error = RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT};
    const auto found = committed.find(where);
    if (found != committed.end()) fetched.offsets[where] = found->second.offset;
  }
  return fetched;
}

GroupOffsets GroupCoordinator::OffsetsOf(const std::string& name) const {
  const auto found = groups_.find(name);
  return found == groups_.end() ? GroupOffsets{} : found->second.offsets;
}

std::vector<std::string> GroupCoordinator::Names() const {
  std::vector<std::string> names;
  for (const auto& [name, group] : groups_) names.push_back(name);
  return names;
}

OffsetMap GroupCoordinator::Committed(const std::string& name) const {
  OffsetMap offsets;
  for (const auto& [where, record] : OffsetsOf(name).committed) offsets[where] = record.offset;
  return offsets;
}

}  // namespace semel::simulation
