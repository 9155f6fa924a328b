#include "group_coordinator.h"

#include <algorithm>
#include <utility>

namespace semel::simulation {
namespace {

template <typename Answer>
void Tell(std::function<void(Answer)>& reply, Answer answer) {
  if (reply) std::exchange(reply, {})(std::move(answer));
}

}  // namespace

ErrorCode GroupCoordinator::Validate(const Group& group, const MemberIdentity& who) {
  if (!who.instance.empty()) {
    const auto known = group.instances.find(who.instance);
    if (known == group.instances.end()) return RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
    if (known->second != who.member) return RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID;
  }
  return group.members.contains(who.member) ? kNoError : RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
}

// --- joining -------------------------------------------------------------------------------------

std::string GroupCoordinator::NewMemberId(const MemberIdentity& who) {
  return (who.instance.empty() ? "member" : who.instance) + "-" + std::to_string(next_member_++);
}

void GroupCoordinator::Join(const JoinRequest& request, Reply<Joined> reply) {
  Group& group = groups_[request.who.group];
  for (const auto& [id, member] : group.members) {
    if (member.protocol != request.protocol && id != request.who.member)
      return reply({.error = RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL});
  }
  if (!request.who.member.empty()) {
    if (request.who.instance.empty() && group.announced.erase(request.who.member) > 0)
      return AddMember(group, request.who.member, request, std::move(reply));
    if (const ErrorCode error = Validate(group, request.who); error != kNoError)
      return reply({.error = error});
    return JoinAgain(group, request.who.member, request, std::move(reply));
  }
  if (!request.who.instance.empty()) {
    if (group.instances.contains(request.who.instance))
      return ReplaceStatic(group, request, std::move(reply));
    return AddMember(group, NewMemberId(request.who), request, std::move(reply));
  }
  const std::string id = NewMemberId(request.who);
  group.announced.insert(id);
  environment_.after(request.session_timeout, [this, &group, id] {
    if (group.announced.erase(id) > 0) CompleteIfAllJoined(group);
  });
  reply({.error = RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED, .member = id});
}

void GroupCoordinator::Renew(Group& group, const std::string& id, const JoinRequest& request) {
  Member& member = group.members[id];
  member.instance = request.who.instance;
  member.protocol = request.protocol;
  member.owned = request.owned;
  member.session_timeout = request.session_timeout;
  member.rebalance_timeout = request.rebalance_timeout;
  Alive(group, id);
}

void GroupCoordinator::AddMember(Group& group, const std::string& id, const JoinRequest& request,
                                 Reply<Joined> reply) {
  Renew(group, id, request);
  if (!request.who.instance.empty()) group.instances[request.who.instance] = id;
  if (group.leader.empty()) group.leader = id;
  group.members[id].fresh = true;
  group.members[id].joining = std::move(reply);
  Rebalance(group);
}

void GroupCoordinator::JoinAgain(Group& group, const std::string& id, const JoinRequest& request,
                                 Reply<Joined> reply) {
  const bool changed =
      group.members[id].owned != request.owned || group.members[id].protocol != request.protocol;
  const bool answers_now = (group.state == State::kStable && id != group.leader && !changed) ||
                           (group.state == State::kCompleting && !changed);
  Renew(group, id, request);
  if (answers_now) return reply(AnswerFor(group, id));
  group.members[id].joining = std::move(reply);
  Rebalance(group);
}

/// The new process of a static member takes its place, and with it what it was assigned.
void GroupCoordinator::ReplaceStatic(Group& group, const JoinRequest& request,
                                     Reply<Joined> reply) {
  const std::string old_id = group.instances[request.who.instance];
  const std::string id = NewMemberId(request.who);
  auto node = group.members.extract(old_id);
  Tell(node.mapped().joining, Joined{.error = RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID});
  Tell(node.mapped().syncing, Synced{.error = RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID});
  node.key() = id;
  node.mapped().watched = false;
  const bool same = node.mapped().protocol == request.protocol;
  group.members.insert(std::move(node));
  group.instances[request.who.instance] = id;
  const bool led = group.leader == old_id;
  if (led) group.leader = id;
  Renew(group, id, request);
  if (group.state == State::kStable && same) {
    Store(group);
    Joined answer = AnswerFor(group, id);
    // So that it does not take itself for the leader and assigns anew.
    if (led) answer.leader = old_id;
    answer.members.clear();
    return reply(std::move(answer));
  }
  group.members[id].joining = std::move(reply);
  Rebalance(group);
}

Joined GroupCoordinator::AnswerFor(const Group& group, const std::string& id) const {
  Joined answer{.generation = group.generation, .member = id, .leader = group.leader};
  if (id != group.leader) return answer;
  for (const auto& [other, member] : group.members)
    answer.members.push_back({other, member.instance, member.owned});
  return answer;
}

void GroupCoordinator::Rebalance(Group& group) {
  if (group.state != State::kPreparing) {
    for (auto& [id, member] : group.members) {
      if (member.syncing) Alive(group, id);
      Tell(member.syncing, Synced{.error = RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS});
    }
    group.state = State::kPreparing;
    std::chrono::milliseconds timeout{0};
    for (const auto& [id, member] : group.members)
      timeout = std::max(timeout, member.rebalance_timeout);
    environment_.after(timeout, [this, &group, rebalance = ++group.rebalance] {
      if (group.state == State::kPreparing && group.rebalance == rebalance) Complete(group);
    });
  }
  CompleteIfAllJoined(group);
}

void GroupCoordinator::CompleteIfAllJoined(Group& group) {
  if (group.state != State::kPreparing || !group.announced.empty()) return;
  const bool all = std::all_of(group.members.begin(), group.members.end(),
                               [](const auto& entry) { return entry.second.joining != nullptr; });
  if (all) Complete(group);
}

void GroupCoordinator::Complete(Group& group) {
  std::erase_if(group.members, [](const auto& entry) {
    return !entry.second.joining && entry.second.instance.empty();
  });
  ++group.generation;
  ++group.rebalance;
  if (group.members.empty()) {
    group.state = State::kEmpty;
    group.leader.clear();
    return Store(group);
  }
  const auto leader = group.members.find(group.leader);
  if (leader == group.members.end() || !leader->second.joining) {
    const auto other =
        std::find_if(group.members.begin(), group.members.end(),
                     [](const auto& entry) { return entry.second.joining != nullptr; });
    group.leader = (other == group.members.end() ? group.members.begin() : other)->first;
  }
  group.state = State::kCompleting;
  for (auto& [id, member] : group.members) {
    Alive(group, id);
    member.fresh = false;
    Tell(member.joining, AnswerFor(group, id));
  }
}

void GroupCoordinator::Sync(const SyncRequest& request, Reply<Synced> reply) {
  Group& group = groups_[request.who.group];
  if (const ErrorCode error = Validate(group, request.who); error != kNoError)
    return reply({.error = error});
  if (request.who.generation != group.generation)
    return reply({.error = RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION});
  Member& member = group.members[request.who.member];
  if (group.state == State::kPreparing)
    return reply({.error = RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS});
  Alive(group, request.who.member);
  if (group.state == State::kStable) return reply({.partitions = member.assigned});
  member.syncing = std::move(reply);
  if (request.who.member != group.leader) return;
  for (auto& [id, each] : group.members) {
    const auto given = request.assignment.find(id);
    each.assigned = given == request.assignment.end() ? Partitions{} : given->second;
  }
  group.state = State::kStable;
  Store(group);
  for (auto& [id, each] : group.members) {
    Alive(group, id);
    Tell(each.syncing, Synced{.partitions = each.assigned});
  }
}

// --- staying and leaving -------------------------------------------------------------------------

ErrorCode GroupCoordinator::Heartbeat(const MemberIdentity& who) {
  Group& group = groups_[who.group];
  if (const ErrorCode error = Validate(group, who); error != kNoError) return error;
  if (who.generation != group.generation) return RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION;
  Alive(group, who.member);
  return group.state == State::kPreparing ? RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS : kNoError;
}

ErrorCode GroupCoordinator::Leave(const MemberIdentity& who) {
  Group& group = groups_[who.group];
  if (group.announced.erase(who.member) > 0) {
    CompleteIfAllJoined(group);
    return kNoError;
  }
  if (!group.members.contains(who.member)) return RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
  Remove(group, who.member);
  return kNoError;
}

void GroupCoordinator::Remove(Group& group, const std::string& id) {
  const auto found = group.members.find(id);
  Tell(found->second.joining, Joined{.error = RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID});
  Tell(found->second.syncing, Synced{.error = RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID});
  if (!found->second.instance.empty()) group.instances.erase(found->second.instance);
  group.members.erase(found);
  if (group.leader == id) group.leader = group.members.empty() ? "" : group.members.begin()->first;
  Rebalance(group);
}

void GroupCoordinator::Alive(Group& group, const std::string& id) {
  Member& member = group.members[id];
  member.expires = environment_.now() + member.session_timeout;
  if (!std::exchange(member.watched, true)) Watch(group, id);
}

/// One timer a member, however often it is heard of.
void GroupCoordinator::Watch(Group& group, const std::string& id) {
  environment_.after(group.members[id].expires - environment_.now(), [this, &group, id] {
    const auto found = group.members.find(id);
    if (found == group.members.end()) return;
    Member& member = found->second;
    // Who waits for our answer need not tell that he lives.
    if (member.joining || member.syncing)
      member.expires = environment_.now() + member.session_timeout;
    if (environment_.now() >= member.expires) return Remove(group, id);
    Watch(group, id);
  });
}

void GroupCoordinator::Store(Group& group) {
  group.stored = {group.generation, group.leader, group.members};
  for (auto& [id, member] : group.stored.members) {
    member.joining = nullptr;
    member.syncing = nullptr;
    member.watched = false;
  }
}

void GroupCoordinator::Resign(const std::function<bool(const std::string&)>& mine) {
  for (auto& [name, group] : groups_) {
    if (!mine(name)) continue;
    for (auto& [id, member] : group.members) {
      Tell(member.joining, Joined{.error = RD_KAFKA_RESP_ERR_NOT_COORDINATOR});
      Tell(member.syncing, Synced{.error = RD_KAFKA_RESP_ERR_NOT_COORDINATOR});
    }
  }
}

void GroupCoordinator::Reload(const std::function<bool(const std::string&)>& mine) {
  for (auto& [name, group] : groups_) {
    if (!mine(name)) continue;
    group.generation = group.stored.generation;
    group.leader = group.stored.leader;
    group.members = group.stored.members;
    group.instances.clear();
    group.announced.clear();
    group.state = group.members.empty() ? State::kEmpty : State::kStable;
    ++group.rebalance;
    for (auto& [id, member] : group.members) {
      if (!member.instance.empty()) group.instances[member.instance] = id;
      Alive(group, id);
    }
  }
}

}  // namespace semel::simulation
