// What the promise asks of the topics of a job, and how the missing ones are made. Pure: what the
// brokers said goes in, texts for the operator come out.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "kafka/admin.h"

namespace semel {

struct KnownTopic {
  std::string name;
  kafka::TopicDescription description{};
  kafka::TopicConfig config{};  ///< empty while it does not exist

  /// A numeric setting, or `otherwise` where the brokers do not know it.
  std::int64_t Number(const std::string& setting, std::int64_t otherwise) const;
};

struct JobTopics {
  KnownTopic input;
  KnownTopic output;               ///< without a name: there is none
  KnownTopic changelog;            ///< the same
  std::vector<KnownTopic> others;  ///< audit and dead-letter topics
};

struct TopicRules {
  std::string semel_flags;  ///< of commands that repair: kafka::SemelFlags
  std::string tool_flags;   ///< the same: kafka::KafkaToolFlags
  std::chrono::milliseconds window{0};
  int replication = -1;  ///< of topics that are created; -1: the brokers' default
};

struct TopicFindings {
  std::vector<std::string> errors;  ///< each names the command that repairs it
  std::vector<std::string> warnings;
};

/// `old_input`: the input holds records that are older than the output keeps them.
TopicFindings CheckTopics(const JobTopics& topics, const TopicRules& rules, bool old_input);

/// Those of output, changelog and others that are not there, with settings that keep the promise.
std::vector<kafka::NewTopic> MissingTopics(const JobTopics& topics, const TopicRules& rules);

/// The most that goes into one batch, so that every topic that is written to takes it.
int BatchBytes(const JobTopics& topics);

}  // namespace semel
