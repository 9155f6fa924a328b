// The membership of a consumer, as librdkafka's rdkafka_cgrp.c keeps it in the background.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "client_parts.h"

namespace semel::simulation {

/// What a leader gives to whom.
std::map<std::string, Partitions> AssignRange(std::vector<JoinedMember> members,
                                              kafka::Partition partitions);
std::map<std::string, Partitions> AssignSticky(const std::vector<JoinedMember>& members,
                                               kafka::Partition partitions);

class GroupMember {
 public:
  /// What the application has to hear of, in this order.
  struct Listener {
    std::function<void(kafka::Rebalance::Kind, Partitions)> rebalance;
    std::function<void(ErrorCode)> failed;  ///< fenced, or the group does not take us
  };

  GroupMember(const ClientParts& parts, Listener listener);
  GroupMember(const GroupMember&) = delete;
  GroupMember& operator=(const GroupMember&) = delete;

  /// The application took the partitions that it was told of last.
  void AssignCalled();
  /// It gave back the ones that it was to give.
  void UnassignCalled();
  /// It asked for records or news.
  void Polled() { last_poll_ = parts_.Now(); }

  MemberIdentity Identity() const;
  void Commit(const OffsetMap& offsets);
  /// Empty: nothing to wait for. Otherwise `done` is called with the answer.
  void Leave(std::function<void(ErrorCode)> done);

 private:
  enum class State : std::uint8_t { kOut, kJoining, kSyncing, kAssigning, kRevoking, kSteady };

  bool waits_for_app() const { return state_ == State::kAssigning || state_ == State::kRevoking; }
  Channel* ToCoordinator();
  void JoinLater(Duration wait);
  void Join();
  void Joined_(const Joined& joined);
  void Sync(const Joined& joined);
  void Synced_(const Synced& synced);
  void JoinFailed(ErrorCode error, bool joining);
  void TakeAssignment(Partitions partitions);
  void Beat();
  void SendHeartbeat();
  void HeartbeatAnswered(ErrorCode error);
  void RevokeAll(bool lost);
  void RevokeAllMaybe(bool lost);
  void Announce(kafka::Rebalance::Kind kind, Partitions partitions);

  ClientParts parts_;
  Listener listener_;
  Timers timers_;
  std::shared_ptr<Channel> coordinator_;

  State state_ = State::kOut;
  bool join_due_ = false;
  bool leaving_ = false;
  bool beating_ = false;
  std::string member_;
  std::int32_t generation_ = -1;
  std::optional<Partitions> assigned_;  ///< by the group
  Partitions added_;                    ///< to be announced after what was revoked
  Partitions announced_;                ///< in the announcement that the application works on
  bool rejoins_ = false;                ///< once it is done with that
  Time session_ends_ = Time::max();
  Time last_poll_;
};

}  // namespace semel::simulation
