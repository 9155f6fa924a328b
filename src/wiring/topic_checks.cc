#include "wiring/topic_checks.h"

#include <algorithm>

#include "base/number.h"
#include "config/duration.h"

namespace semel {
namespace {

using std::chrono::milliseconds;

constexpr int kSafeReplication = 3;
constexpr std::int64_t kUnlimited = -1;
constexpr std::int64_t kDefaultMaxMessageBytes = 1'048'588;
constexpr std::int64_t kChangelogRecordBytes = 640 * 1024;  // 512 KiB and what frames it
constexpr std::int64_t kSegmentMsMin = 10LL * 60 * 1000;
constexpr std::int64_t kSegmentMsMax = 24LL * 60 * 60 * 1000;
constexpr std::int64_t kForeverMs = 100LL * 365 * 24 * 60 * 60 * 1000;

const char* const kRetention = "retention.ms";
const char* const kTimestampType = "message.timestamp.type";
const char* const kMaxMessageBytes = "max.message.bytes";

std::string Text(const KnownTopic& topic, const std::string& setting) {
  const auto found = topic.config.find(setting);
  return found == topic.config.end() ? "" : found->second;
}

std::string Readable(std::int64_t ms) {
  return ms == kUnlimited ? "unlimited" : config::FormatDuration(milliseconds(ms));
}

// The input's, on top of the window: how long a record can wait there before it is read.
std::int64_t ChangelogRetentionMs(const JobTopics& topics, milliseconds window) {
  const std::int64_t input = topics.input.Number(kRetention, kUnlimited);
  return input < 0 ? kUnlimited : input + window.count();
}

class Checker {
 public:
  Checker(const JobTopics& topics, const TopicRules& rules) : topics_(topics), rules_(rules) {}

  TopicFindings Run(bool old_input) {
    if (!topics_.input.description.exists) {
      Refuse("there is no input topic " + topics_.input.name +
             ". Existing ones: semel topic list " + rules_.semel_flags);
      return findings_;
    }
    if (!topics_.output.name.empty() && Exists(topics_.output)) CheckOutput(old_input);
    if (!topics_.changelog.name.empty() && Exists(topics_.changelog)) CheckChangelog();
    for (const KnownTopic& topic : topics_.others)
      if (Exists(topic)) CheckReplicas(topic);
    return findings_;
  }

 private:
  void Refuse(std::string text) { findings_.errors.push_back(std::move(text)); }
  void Warn(std::string text) { findings_.warnings.push_back(std::move(text)); }

  std::string SetCommand(const KnownTopic& topic, const std::string& assignment) const {
    return "kafka-configs " + rules_.tool_flags + " --alter --entity-type topics --entity-name " +
           topic.name + " --add-config " + assignment;
  }

  bool Exists(const KnownTopic& topic) {
    if (topic.description.exists) return true;
    std::string create = "semel topic create " + topic.name + " " + rules_.semel_flags +
                         " --partitions " + std::to_string(topics_.input.description.partitions);
    if (&topic == &topics_.changelog)
      create += " --config message.timestamp.type=LogAppendTime --config retention.ms=" +
                std::to_string(ChangelogRetentionMs(topics_, rules_.window));
    Refuse("there is no topic " + topic.name +
           ". Let Semel create it with --create-topics, or: " + create);
    return false;
  }

  void CheckPartitions(const KnownTopic& topic) {
    const int wanted = topics_.input.description.partitions;
    if (topic.description.partitions < wanted)
      Refuse("topic " + topic.name + " has " + std::to_string(topic.description.partitions) +
             " partitions, the input " + topics_.input.name + " has " + std::to_string(wanted) +
             ". Repair: kafka-topics " + rules_.tool_flags + " --alter --topic " + topic.name +
             " --partitions " + std::to_string(wanted));
  }

  void CheckReplicas(const KnownTopic& topic) {
    const int replicas = topic.description.min_replicas;
    if (replicas < kSafeReplication)
      Warn("topic " + topic.name + ": the promise needs replication >= 3, it has " +
           std::to_string(replicas) +
           ". A broker that is lost can take acknowledged events with it. Fine for a trial");
    else if (topic.Number("min.insync.replicas", 2) < 2)
      Warn("topic " + topic.name +
           ": min.insync.replicas is below 2: what one broker alone acknowledged can be lost. "
           "Repair: " +
           SetCommand(topic, "min.insync.replicas=2"));
    if (Text(topic, "unclean.leader.election.enable") == "true")
      Warn("topic " + topic.name + ": unclean leader election can lose acknowledged events. " +
           "Repair: " + SetCommand(topic, "unclean.leader.election.enable=false"));
  }

  void CheckOutput(bool old_input) {
    const KnownTopic& output = topics_.output;
    CheckPartitions(output);
    CheckReplicas(output);
    if (Text(output, kTimestampType) == "LogAppendTime")
      Refuse("topic " + output.name +
             " replaces the timestamps of records (message.timestamp.type=LogAppendTime). "
             "Repair: " +
             SetCommand(output, "message.timestamp.type=CreateTime"));
    if (Text(output, "cleanup.policy").find("compact") != std::string::npos)
      Warn("topic " + output.name +
           " is compacted: of events with equal keys only the last one stays");
    CheckTimestampLimits(output);
    CheckLargestRecord(output);
    if (old_input)
      Warn("topic " + output.name + " keeps records for " +
           Readable(output.Number(kRetention, kUnlimited)) +
           ", and the input holds older ones: they are removed from the output soon after they "
           "arrive. Repair: " +
           SetCommand(output, "retention.ms=-1"));
  }

  void CheckTimestampLimits(const KnownTopic& output) {
    if (const std::int64_t before = output.Number("message.timestamp.before.max.ms", kForeverMs);
        before < kForeverMs)
      Warn("topic " + output.name + " rejects records older than " + Readable(before) +
           " (message.timestamp.before.max.ms), see --on-rejected. Repair: " +
           SetCommand(output, "message.timestamp.before.max.ms=9223372036854775807"));
    // One hour is the default of Kafka 4, for the input as for the output.
    const std::int64_t after = output.Number("message.timestamp.after.max.ms", kForeverMs);
    if (after < topics_.input.Number("message.timestamp.after.max.ms", kForeverMs))
      Warn("topic " + output.name + " rejects records more than " + Readable(after) +
           " ahead of the clock (message.timestamp.after.max.ms), and the input takes later ones; "
           "see --on-rejected. Repair: " +
           SetCommand(output, "message.timestamp.after.max.ms=" +
                                  Text(topics_.input, "message.timestamp.after.max.ms")));
  }

  void CheckLargestRecord(const KnownTopic& output) {
    const std::int64_t largest = output.Number(kMaxMessageBytes, kDefaultMaxMessageBytes);
    const std::int64_t input = topics_.input.Number(kMaxMessageBytes, kDefaultMaxMessageBytes);
    if (largest < input)
      Warn("topic " + output.name + " takes records up to " + std::to_string(largest) +
           " bytes, the input up to " + std::to_string(input) +
           ": larger ones are rejected, see --on-rejected. Repair: " +
           SetCommand(output, "max.message.bytes=" + std::to_string(input)));
  }

  void CheckChangelog() {
    const KnownTopic& changelog = topics_.changelog;
    CheckPartitions(changelog);
    CheckReplicas(changelog);
    RequireSetting(changelog, kTimestampType, "LogAppendTime");
    RequireSetting(changelog, "cleanup.policy", "delete");
    if (changelog.Number("retention.bytes", kUnlimited) >= 0)
      Refuse("the changelog " + changelog.name +
             " has retention.bytes: it could lose what must be remembered. Repair: " +
             SetCommand(changelog, "retention.bytes=-1"));
    if (changelog.Number(kMaxMessageBytes, kDefaultMaxMessageBytes) < kChangelogRecordBytes)
      Refuse("the changelog " + changelog.name + " does not take records of 512 KiB. Repair: " +
             SetCommand(changelog, "max.message.bytes=" + std::to_string(kDefaultMaxMessageBytes)));
    CheckChangelogRetention(changelog);
  }

  void RequireSetting(const KnownTopic& topic, const std::string& setting,
                      const std::string& value) {
    if (Text(topic, setting) != value)
      Refuse("the changelog " + topic.name + " needs " + setting + "=" + value + ", it has " +
             Text(topic, setting) + ". Repair: " + SetCommand(topic, setting + "=" + value));
  }

  void CheckChangelogRetention(const KnownTopic& changelog) {
    const std::int64_t retention = changelog.Number(kRetention, kUnlimited);
    if (retention < 0) return;
    const std::int64_t wanted = ChangelogRetentionMs(topics_, rules_.window);
    const std::string repair =
        ". Repair: " + SetCommand(changelog, "retention.ms=" + std::to_string(wanted));
    if (retention < rules_.window.count())
      Refuse("the changelog " + changelog.name + " is kept for " + Readable(retention) +
             ", less than the window of " + config::FormatDuration(rules_.window) + repair);
    else if (wanted == kUnlimited || retention < wanted)
      Warn("the changelog " + changelog.name + " is kept for " + Readable(retention) +
           "; window and the input's retention together are " + Readable(wanted) +
           ". A copy that is read later than that finds its first arrival forgotten" + repair);
  }

  const JobTopics& topics_;
  const TopicRules& rules_;
  TopicFindings findings_;
};

kafka::NewTopic Safe(const JobTopics& topics, const TopicRules& rules, const std::string& name) {
  kafka::NewTopic topic{name, topics.input.description.partitions, rules.replication, {}};
  topic.config["unclean.leader.election.enable"] = "false";
  // The brokers' default is not known before; a cluster whose input has three replicas has them.
  const int expected =
      rules.replication > 0 ? rules.replication : topics.input.description.min_replicas;
  if (expected >= kSafeReplication) topic.config["min.insync.replicas"] = "2";
  return topic;
}

// Takes every record that the input took, and keeps it as long.
kafka::NewTopic LikeInput(const JobTopics& topics, const TopicRules& rules,
                          const std::string& name) {
  kafka::NewTopic topic = Safe(topics, rules, name);
  topic.config[kTimestampType] = "CreateTime";
  for (const char* setting : {kMaxMessageBytes, kRetention, "message.timestamp.before.max.ms",
                              "message.timestamp.after.max.ms"})
    if (const std::string value = Text(topics.input, setting); !value.empty())
      topic.config[setting] = value;
  return topic;
}

kafka::NewTopic Changelog(const JobTopics& topics, const TopicRules& rules) {
  kafka::NewTopic topic = Safe(topics, rules, topics.changelog.name);
  topic.config[kTimestampType] = "LogAppendTime";
  topic.config["cleanup.policy"] = "delete";
  topic.config["retention.bytes"] = "-1";
  topic.config[kRetention] = std::to_string(ChangelogRetentionMs(topics, rules.window));
  topic.config["segment.ms"] =
      std::to_string(std::clamp(rules.window.count() / 20, kSegmentMsMin, kSegmentMsMax));
  topic.config[kMaxMessageBytes] = std::to_string(kDefaultMaxMessageBytes);
  return topic;
}

}  // namespace

std::int64_t KnownTopic::Number(const std::string& setting, std::int64_t otherwise) const {
  return ParseNumber<std::int64_t>(Text(*this, setting)).value_or(otherwise);
}

TopicFindings CheckTopics(const JobTopics& topics, const TopicRules& rules, bool old_input) {
  return Checker(topics, rules).Run(old_input);
}

std::vector<kafka::NewTopic> MissingTopics(const JobTopics& topics, const TopicRules& rules) {
  std::vector<kafka::NewTopic> missing;
  if (!topics.output.name.empty() && !topics.output.description.exists)
    missing.push_back(LikeInput(topics, rules, topics.output.name));
  if (!topics.changelog.name.empty() && !topics.changelog.description.exists)
    missing.push_back(Changelog(topics, rules));
  for (const KnownTopic& topic : topics.others)
    if (!topic.description.exists) missing.push_back(LikeInput(topics, rules, topic.name));
  return missing;
}

int BatchBytes(const JobTopics& topics) {
  constexpr std::int64_t kMost = 1'000'000;
  constexpr std::int64_t kMargin = 1024;
  std::int64_t smallest = kDefaultMaxMessageBytes;
  const auto take = [&smallest](const KnownTopic& topic) {
    smallest = std::min(smallest, topic.Number(kMaxMessageBytes, kDefaultMaxMessageBytes));
  };
  take(topics.output);
  take(topics.changelog);
  std::ranges::for_each(topics.others, take);
  const std::int64_t below = std::max(smallest - kMargin, smallest / 2);
  return static_cast<int>(std::clamp<std::int64_t>(below, 1, kMost));
}

}  // namespace semel
