// Topics: what they are like, made and unmade.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/log.h"
#include "kafka/client.h"
#include "kafka/settings.h"
#include "semel/result.h"

namespace semel::kafka {

class Instance;
class Deadline;

/// Until every broker knows a new topic.
inline constexpr Milliseconds kHearsay{3'000};

struct TopicDescription {
  bool exists = false;
  int partitions = 0;
  int min_replicas = 0;  ///< of the partition that has fewest
};

/// A topic's configuration as the brokers tell it, defaults included; names as in Kafka
/// ("min.insync.replicas").
using TopicConfig = std::map<std::string, std::string>;

struct NewTopic {
  std::string name;
  int partitions = 1;
  int replication = -1;  ///< -1: the brokers' default
  TopicConfig config;
};

/// Every call ends within its time-out. Errors: kConnect and kRetry (cannot be reached, refused),
/// kFix (with the topic's name), kFail. Threads: one at a time.
class Admin {
 public:
  static Result<std::unique_ptr<Admin>> Open(const ClientSettings& settings, Logger& logger);
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;
  ~Admin();

  Result<std::string> ClusterId(Milliseconds timeout);
  /// Names in order, without Kafka's own (__consumer_offsets ...).
  Result<std::vector<std::string>> ListTopics(Milliseconds timeout);
  /// A missing topic is described as one that does not exist.
  Result<TopicDescription> Describe(const std::string& topic, Milliseconds timeout);
  /// As Describe, but a missing topic is kFix: NoTopic.
  Result<TopicDescription> Find(const std::string& topic, Milliseconds timeout);
  /// Of a topic that exists. One that no broker asked knows within 3 s is kFix: NoTopic.
  Result<TopicConfig> Config(const std::string& topic, Milliseconds timeout);
  /// Where its first `partitions` end; empty: the topic, or one of them, is not there.
  Result<std::vector<Offset>> Ends(const std::string& topic, int partitions, Milliseconds timeout);
  /// Returns when the brokers know the topics. One that exists is kFix.
  Result<void> Create(std::span<const NewTopic> topics, Milliseconds timeout);
  Result<void> Delete(std::span<const std::string> topics, Milliseconds timeout);

 private:
  Admin(const ClientSettings& settings, std::unique_ptr<Instance> instance);
  /// Empty: the broker that was asked does not know the topic.
  Result<std::optional<TopicConfig>> KnownConfig(const std::string& topic, Milliseconds timeout);
  ClientSettings settings_;
  std::unique_ptr<Instance> instance_;
};

/// Says how to list those that there are.
Error NoTopic(const std::string& topic, const ClientSettings& settings);

}  // namespace semel::kafka
