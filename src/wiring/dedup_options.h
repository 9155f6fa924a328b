// Everything that `semel dedup` is told, as plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kafka/settings.h"
#include "pipeline/policy.h"
#include "redis/connection.h"
#include "semel/fingerprint.h"
#include "semel/result.h"

namespace semel {

/// A policy as a flag says it: `pass`, `drop`, `fail`, `mark`, `dedup` or `topic:NAME`.
struct PolicyChoice {
  pipeline::Policy::Kind kind = pipeline::Policy::Kind::kPass;
  std::string topic{};  ///< of kTopic
};

struct PolicyChoices {
  PolicyChoice duplicate{pipeline::Policy::Kind::kDrop};
  PolicyChoice missing{};
  PolicyChoice invalid{};
  PolicyChoice late{};
  PolicyChoice rejected{pipeline::Policy::Kind::kFail};
};

/// A Redis that remembers what was seen.
struct RedisSeen {
  redis::Access access{};
  std::chrono::milliseconds time_to_live{0};  ///< 0: window + the input's retention
};

struct DedupOptions {
  std::string version;  ///< of this program
  kafka::ClientSettings kafka;
  std::string from;
  std::string to;
  std::string group;
  std::string changelog;
  KeyRule key;
  std::chrono::milliseconds window = std::chrono::hours{24 * 7};
  std::optional<RedisSeen> redis{};  ///< empty: in memory
  std::chrono::milliseconds commit_interval{100};
  int lanes = 1;
  std::string instance;
  std::string state_dir;
  pipeline::StartPoint start;
  pipeline::OnReset on_reset = pipeline::OnReset::kStop;
  pipeline::Accepted accepted;
  PolicyChoices policies;
  bool create_topics = false;
  int replication = -1;
  std::uint64_t memory_limit = 0;  ///< bytes
  bool until_end = false;
  bool dry_run = false;
  bool follow = false;
  std::string metrics;  ///< address; empty: none
};

/// `allowed`: the words that the flag knows besides topic:NAME.
/// Errors: kFix, naming `flag` and what it takes.
Result<PolicyChoice> ParsePolicy(const std::string& flag, const std::string& text,
                                 const std::vector<std::string>& allowed);

/// The topics that policies name, each once, in the order of the policies.
std::vector<std::string> PolicyTopics(const PolicyChoices& choices);

/// The policies as lanes take them: topics by their index in `topics`.
pipeline::Policies Resolve(const PolicyChoices& choices,
                           const std::vector<pipeline::TopicRef>& topics);

/// Refuses topics that would be written and read, or written as two things. Errors: kFix.
Result<void> CheckNames(const DedupOptions& options);

}  // namespace semel
