#include "group_member.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace semel::simulation {
namespace {

using std::chrono::milliseconds;
using Kind = kafka::Rebalance::Kind;

constexpr milliseconds kJoinInterval{500};
constexpr milliseconds kCoordinatorQuery{200};

}  // namespace

GroupMember::GroupMember(const ClientParts& parts, Listener listener)
    : parts_(parts),
      listener_(std::move(listener)),
      timers_(parts),
      coordinator_(
          std::make_shared<Channel>(parts.cluster.network(), parts.process, parts.options.name)),
      last_poll_(parts.Now()) {
  JoinLater(milliseconds(1));
  Beat();
}

MemberIdentity GroupMember::Identity() const {
  return {parts_.options.group, member_, parts_.options.instance, generation_};
}

Channel* GroupMember::ToCoordinator() {
  const BrokerId broker = parts_.cluster.GroupCoordinatorOf(parts_.options.group);
  if (broker == kNoBroker) return nullptr;
  coordinator_->SetBroker(broker);
  return coordinator_.get();
}

// --- joining -------------------------------------------------------------------------------------

void GroupMember::JoinLater(Duration wait) {
  state_ = State::kOut;
  if (leaving_ || std::exchange(join_due_, true)) return;
  timers_.After(wait, [this] {
    join_due_ = false;
    if (!leaving_ && state_ == State::kOut) Join();
  });
}

void GroupMember::Join() {
  Channel* const coordinator = ToCoordinator();
  if (coordinator == nullptr) return JoinLater(kCoordinatorQuery);
  state_ = State::kJoining;
  const ClientOptions& options = parts_.options;
  JoinRequest request{.who = Identity(),
                      .protocol = options.cooperative ? "cooperative-sticky" : "range",
                      .session_timeout = options.session_timeout,
                      .rebalance_timeout = options.max_poll_interval};
  if (options.cooperative && assigned_) request.owned = *assigned_;
  Ask<Joined>(
      *coordinator, "JoinGroup", options.max_poll_interval + std::chrono::seconds(3),
      [cluster = &parts_.cluster, request](BrokerId at, auto reply) {
        Joined answer;
        if (auto* groups = cluster->GroupsAt(at, request.who.group, answer.error))
          return groups->Join(request, std::move(reply));
        reply(std::move(answer));
      },
      [this](const Joined& joined) { Joined_(joined); });
}

void GroupMember::Joined_(const Joined& joined) {
  if (state_ != State::kJoining || leaving_) return;
  if (joined.error == RD_KAFKA_RESP_ERR_MEMBER_ID_REQUIRED) {
    member_ = joined.member;
    if (parts_.options.cooperative) return RevokeAll(true);
    return JoinLater(Duration::zero());
  }
  if (joined.error != kNoError) return JoinFailed(joined.error, true);
  member_ = joined.member;
  generation_ = joined.generation;
  Sync(joined);
}

void GroupMember::Sync(const Joined& joined) {
  Channel* const coordinator = ToCoordinator();
  if (coordinator == nullptr) return JoinLater(kCoordinatorQuery);
  state_ = State::kSyncing;
  SyncRequest request{.who = Identity()};
  if (joined.leader == joined.member && !joined.members.empty()) {
    const auto partitions = parts_.cluster.PartitionsOf(parts_.options.input_topic);
    request.assignment = parts_.options.cooperative ? AssignSticky(joined.members, partitions)
                                                    : AssignRange(joined.members, partitions);
  }
  Ask<Synced>(
      *coordinator, "SyncGroup", parts_.options.max_poll_interval + std::chrono::seconds(3),
      [cluster = &parts_.cluster, request](BrokerId at, auto reply) {
        Synced answer;
        if (auto* groups = cluster->GroupsAt(at, request.who.group, answer.error))
          return groups->Sync(request, std::move(reply));
        reply(std::move(answer));
      },
      [this](const Synced& synced) { Synced_(synced); });
}

void GroupMember::Synced_(const Synced& synced) {
  if (state_ != State::kSyncing || leaving_) return;
  if (synced.error != kNoError) return JoinFailed(synced.error, false);
  session_ends_ = parts_.Now() + parts_.options.session_timeout;
  TakeAssignment(synced.partitions);
}

void GroupMember::JoinFailed(ErrorCode error, bool joining) {
  const bool generation = error == RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION;
  const bool member = error == RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID;
  if (error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID ||
      error == RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL)
    listener_.failed(error);
  if (generation) generation_ = -1;
  if (member) member_.clear();
  if (parts_.options.cooperative && (generation || (member && !joining))) return RevokeAll(true);
  JoinLater(kJoinInterval);
}

void GroupMember::TakeAssignment(Partitions partitions) {
  std::sort(partitions.begin(), partitions.end());
  if (!parts_.options.cooperative) {
    assigned_ = partitions;
    state_ = State::kAssigning;
    return Announce(Kind::kAssigned, std::move(partitions));
  }
  const Partitions owned = assigned_.value_or(Partitions{});
  Partitions revoked;
  added_.clear();
  std::set_difference(owned.begin(), owned.end(), partitions.begin(), partitions.end(),
                      std::back_inserter(revoked));
  std::set_difference(partitions.begin(), partitions.end(), owned.begin(), owned.end(),
                      std::back_inserter(added_));
  rejoins_ = !revoked.empty();
  if (rejoins_) {
    state_ = State::kRevoking;
    return Announce(Kind::kRevoked, std::move(revoked));
  }
  state_ = State::kAssigning;
  Announce(Kind::kAssigned, std::exchange(added_, {}));
}

void GroupMember::Announce(Kind kind, Partitions partitions) {
  announced_ = partitions;
  listener_.rebalance(kind, std::move(partitions));
}

void GroupMember::AssignCalled() {
  if (state_ != State::kAssigning) return;
  if (parts_.options.cooperative) {
    if (!assigned_) assigned_.emplace();
    assigned_->insert(assigned_->end(), announced_.begin(), announced_.end());
    std::sort(assigned_->begin(), assigned_->end());
  }
  state_ = State::kSteady;
  if (std::exchange(rejoins_, false)) JoinLater(Duration::zero());
}

void GroupMember::UnassignCalled() {
  if (state_ != State::kRevoking) return;
  if (!parts_.options.cooperative) {
    assigned_.reset();
    return JoinLater(Duration::zero());
  }
  for (const kafka::Partition partition : announced_) std::erase(*assigned_, partition);
  if (!added_.empty()) {
    state_ = State::kAssigning;
    return Announce(Kind::kAssigned, std::exchange(added_, {}));
  }
  rejoins_ = false;
  JoinLater(Duration::zero());
}

// --- staying -------------------------------------------------------------------------------------

void GroupMember::Beat() {
  timers_.After(parts_.options.heartbeat_interval, [this] {
    if (leaving_) return;
    if (parts_.Now() >= session_ends_) {
      session_ends_ = Time::max();
      member_.clear();
      RevokeAllMaybe(true);
    } else if (waits_for_app() || state_ == State::kSteady) {
      SendHeartbeat();
    }
    Beat();
  });
}

void GroupMember::SendHeartbeat() {
  Channel* const coordinator = ToCoordinator();
  if (coordinator == nullptr || std::exchange(beating_, true)) return;
  Ask<Done>(
      *coordinator, "Heartbeat", parts_.options.socket_timeout,
      [cluster = &parts_.cluster, who = Identity()](BrokerId at, const auto& reply) {
        Done done;
        if (auto* groups = cluster->GroupsAt(at, who.group, done.error))
          done.error = groups->Heartbeat(who);
        reply(done);
      },
      [this](const Done& done) {
        beating_ = false;
        if (!leaving_) HeartbeatAnswered(done.error);
      });
}

void GroupMember::HeartbeatAnswered(ErrorCode error) {
  const bool heard = error == kNoError || error == RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS;
  if (heard && session_ends_ != Time::max())
    session_ends_ = parts_.Now() + parts_.options.session_timeout;
  if (state_ < State::kAssigning) return;
  switch (error) {
    case RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS:
      if (waits_for_app()) return;
      if (parts_.options.cooperative) return JoinLater(Duration::zero());
      return RevokeAll(false);
    case RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID:
      member_.clear();
      return RevokeAllMaybe(true);
    case RD_KAFKA_RESP_ERR_ILLEGAL_GENERATION:
      generation_ = -1;
      return RevokeAllMaybe(true);
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
      listener_.failed(error);
      return RevokeAllMaybe(true);
    default:
      return;  // the next one may succeed, or find the new coordinator
  }
}

/// A rebalance that is under way is not told to be lost: see librdkafka #5604.
void GroupMember::RevokeAllMaybe(bool lost) {
  if (waits_for_app() || rejoins_) return;
  RevokeAll(lost);
}

void GroupMember::RevokeAll(bool lost) {
  const bool some = assigned_ && (!parts_.options.cooperative || !assigned_->empty());
  if (!some || waits_for_app()) return JoinLater(Duration::zero());
  state_ = State::kRevoking;
  rejoins_ = parts_.options.cooperative;
  added_.clear();
  Announce(lost ? Kind::kLost : Kind::kRevoked, *assigned_);
}

void GroupMember::Commit(const OffsetMap& offsets) {
  Channel* const coordinator = ToCoordinator();
  if (coordinator == nullptr) return;
  Ask<Done>(
      *coordinator, "OffsetCommit", parts_.options.socket_timeout,
      [cluster = &parts_.cluster, who = Identity(), offsets](BrokerId at, const auto& reply) {
        Done done;
        if (auto* groups = cluster->GroupsAt(at, who.group, done.error))
          done.error = groups->Commit(who, offsets);
        reply(done);
      },
      [](const Done&) {});
}

void GroupMember::Leave(std::function<void(ErrorCode)> done) {
  leaving_ = true;
  Channel* const coordinator = ToCoordinator();
  if (member_.empty() || coordinator == nullptr) return done(kNoError);
  const MemberIdentity who = Identity();
  member_.clear();
  Ask<Done>(
      *coordinator, "LeaveGroup", parts_.options.socket_timeout,
      [cluster = &parts_.cluster, who](BrokerId at, const auto& reply) {
        Done answer;
        if (auto* groups = cluster->GroupsAt(at, who.group, answer.error))
          answer.error = groups->Leave(who);
        reply(answer);
      },
      [done = std::move(done)](const Done& answer) { done(answer.error); });
}

}  // namespace semel::simulation
