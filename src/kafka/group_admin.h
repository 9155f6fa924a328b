// Consumer groups from outside: who is in them, what they have committed, and moving that.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "kafka/client.h"
#include "kafka/settings.h"
#include "semel/message.h"
#include "semel/result.h"

namespace semel::kafka {

class Instance;

struct GroupListing {
  std::string name;
  std::string state;  ///< as Kafka calls it: Stable, Empty ...
};

struct GroupMember {
  std::string client_id;
  std::string instance;  ///< group.instance.id; empty for a dynamic member
  std::string host;
  std::vector<TopicPartition> partitions{};  ///< in order
};

struct GroupDescription {
  std::string state;
  std::string assignor;  ///< empty without members
  std::vector<GroupMember> members{};

  bool exists() const { return state != "Dead"; }  ///< the brokers' word for one they do not know
};

using GroupOffsets = std::map<TopicPartition, CommittedOffset>;

/// Every call ends within its time-out. Errors: kConnect and kRetry (cannot be reached, refused),
/// kFail. Threads: one at a time.
class GroupAdmin {
 public:
  /// `logger` outlives it.
  static Result<std::unique_ptr<GroupAdmin>> Open(const ClientSettings& settings, Logger& logger);
  GroupAdmin(const GroupAdmin&) = delete;
  GroupAdmin& operator=(const GroupAdmin&) = delete;
  ~GroupAdmin();

  /// By name.
  Result<std::vector<GroupListing>> List(Milliseconds timeout);
  Result<GroupDescription> Describe(const std::string& group, Milliseconds timeout);
  /// All that the group has committed. What an open transaction would move is as it was before.
  Result<GroupOffsets> Committed(const std::string& group, Milliseconds timeout);
  /// Commits for a group that has no members, without metadata; the brokers refuse where it has.
  Result<void> Commit(const std::string& group, const Offsets& offsets, Milliseconds timeout);

 private:
  explicit GroupAdmin(std::unique_ptr<Instance> instance);
  std::unique_ptr<Instance> instance_;
};

}  // namespace semel::kafka
