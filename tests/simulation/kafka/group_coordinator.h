// The coordinator of consumer groups (the classic protocol): membership, generations, and offsets
// with those that a transaction has yet to decide.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "producer_states.h"

namespace semel::simulation {

using TopicPartition = std::pair<std::string, kafka::Partition>;
using Partitions = std::vector<kafka::Partition>;

/// Who asks, of which generation.
struct MemberIdentity {
  std::string group{};
  std::string member{};
  std::string instance{};  ///< group.instance.id; empty: a dynamic member
  std::int32_t generation = -1;
};

struct JoinRequest {
  MemberIdentity who{};
  std::string protocol{};
  Partitions owned{};  ///< what a cooperative member has
  std::chrono::milliseconds session_timeout{};
  std::chrono::milliseconds rebalance_timeout{};
};

struct JoinedMember {
  std::string id{};
  std::string instance{};
  Partitions owned{};
};

struct Joined {
  ErrorCode error = kNoError;
  std::int32_t generation = -1;
  std::string member{};
  std::string leader{};
  std::vector<JoinedMember> members{};  ///< for the leader, who assigns
};

struct SyncRequest {
  MemberIdentity who{};
  std::map<std::string, Partitions> assignment{};  ///< from the leader
};

struct Synced {
  ErrorCode error = kNoError;
  Partitions partitions{};
};

using OffsetMap = std::map<TopicPartition, kafka::CommittedOffset>;

struct Fetched {
  ErrorCode error = kNoError;
  OffsetMap offsets{};  ///< without those that were never committed
};

struct OffsetRecord {
  kafka::CommittedOffset offset;
  std::uint64_t order;
};

/// What a group has committed, and what transactions have left undecided.
struct GroupOffsets {
  std::map<TopicPartition, OffsetRecord> committed{};
  std::map<ProducerId, std::map<TopicPartition, OffsetRecord>> pending{};

  /// Stable ones only.
  Fetched Fetch(const std::vector<TopicPartition>& partitions) const;
};

class GroupCoordinator {
 public:
  using Duration = std::chrono::steady_clock::duration;
  using Time = std::chrono::steady_clock::time_point;
  struct Environment {
    std::function<Time()> now;
    std::function<void(Duration, std::function<void()>)> after;
  };
  template <typename Answer>
  using Reply = std::function<void(Answer)>;

  explicit GroupCoordinator(Environment environment) : environment_(std::move(environment)) {}

  void Join(const JoinRequest& request, Reply<Joined> reply);
  void Sync(const SyncRequest& request, Reply<Synced> reply);
  ErrorCode Heartbeat(const MemberIdentity& who);
  ErrorCode Leave(const MemberIdentity& who);

  ErrorCode Commit(const MemberIdentity& who, const OffsetMap& offsets);
  /// `verify`: asked where this opens the producer's transaction here.
  ErrorCode CommitInTransaction(const MemberIdentity& who, ProducerIdAndEpoch producer,
                                const OffsetMap& offsets, const std::function<ErrorCode()>& verify);
  ErrorCode WriteMarker(const std::string& group, ProducerIdAndEpoch producer, bool commit);
  GroupOffsets OffsetsOf(const std::string& group) const;

  /// Another broker takes over: who waits here is sent there.
  void Resign(const std::function<bool(const std::string&)>& mine);
  /// What was not written is forgotten.
  void Reload(const std::function<bool(const std::string&)>& mine);

  std::vector<std::string> Names() const;

  /// For observers.
  OffsetMap Committed(const std::string& group) const;

 private:
  enum class State : std::uint8_t { kEmpty, kPreparing, kCompleting, kStable };
  struct Member {
    std::string instance{};
    std::string protocol{};
    Partitions owned{};
    std::chrono::milliseconds session_timeout{};
    std::chrono::milliseconds rebalance_timeout{};
    Partitions assigned{};
    Reply<Joined> joining{};
    Reply<Synced> syncing{};
    Time expires{};
    bool watched = false;  ///< a timer looks at `expires`
    bool fresh = false;    ///< its first join was never answered
  };
  struct Stored {
    std::int32_t generation = 0;
    std::string leader{};
    std::map<std::string, Member> members{};
  };
  struct Group {
    State state = State::kEmpty;
    std::int32_t generation = 0;
    std::string leader{};
    std::map<std::string, Member> members{};
    std::map<std::string, std::string> instances{};  ///< to member ids
    std::set<std::string> announced{};               ///< member ids that were given out
    std::uint64_t rebalance = 0;                     ///< counts, for the timer
    Stored stored{};                                 ///< as it would be read back from the log

    GroupOffsets offsets{};
    ProducerStates producers{};
    std::uint64_t writes = 0;
  };

  static ErrorCode Validate(const Group& group, const MemberIdentity& who);
  static ErrorCode ValidateCommit(const Group& group, const MemberIdentity& who,
                                  bool transactional);
  std::string NewMemberId(const MemberIdentity& who);
  void JoinAgain(Group& group, const std::string& id, const JoinRequest& request,
                 Reply<Joined> reply);
  void ReplaceStatic(Group& group, const JoinRequest& request, Reply<Joined> reply);
  void AddMember(Group& group, const std::string& id, const JoinRequest& request,
                 Reply<Joined> reply);
  void Renew(Group& group, const std::string& id, const JoinRequest& request);
  Joined AnswerFor(const Group& group, const std::string& id) const;
  void Rebalance(Group& group);
  void CompleteIfAllJoined(Group& group);
  void Complete(Group& group);
  void Remove(Group& group, const std::string& id);
  void Alive(Group& group, const std::string& id);
  void Watch(Group& group, const std::string& id);
  static void Store(Group& group);

  const Environment environment_;
  std::map<std::string, Group> groups_;
  std::uint64_t next_member_ = 0;
};

}  // namespace semel::simulation
