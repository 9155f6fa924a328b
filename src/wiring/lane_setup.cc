#include "wiring/lane_setup.h"

#include <algorithm>

#include "wiring/random_seed.h"

namespace semel {

pipeline::LaneSettings SettingsOf(const DedupOptions& options, const JobTopics& topics) {
  pipeline::LaneSettings settings;
  settings.from = options.from;
  settings.group = options.group;
  const auto add = [&settings](const KnownTopic& topic) {
    settings.topics.push_back({topic.name, topic.description.partitions});
  };
  settings.remembers = !options.changelog.empty();
  // Where there is none, nothing goes there.
  add(options.to.empty() ? topics.input : topics.output);
  add(settings.remembers ? topics.changelog : topics.input);
  for (const KnownTopic& topic : topics.others) add(topic);
  settings.input_partitions = topics.input.description.partitions;
  settings.key = options.key;
  settings.window = options.window;
  settings.commit_interval = options.commit_interval;
  settings.changelog_retention = std::chrono::milliseconds(
      std::max<std::int64_t>(0, topics.changelog.Number("retention.ms", 0)));
  settings.start = options.start;
  settings.on_reset = options.on_reset;
  settings.accepted = options.accepted;
  settings.policies = Resolve(options.policies, settings.topics);
  settings.table_seed = RandomSeed();
  settings.durable_seen_sets = options.redis.has_value();
  if (!settings.durable_seen_sets) settings.snapshot_dir = options.state_dir;
  return settings;
}

kafka::ClientOptions ClientOf(const DedupOptions& options, const pipeline::LaneSettings& settings,
                              const InstanceName& instance, int lane, int batch_bytes) {
  kafka::ClientOptions client;
  const std::string member = instance.name + "-" + std::to_string(lane);
  client.settings = options.kafka;
  client.group = options.group;
  client.input_topic = options.from;
  if (instance.stable) client.instance = member;
  client.transactional_id = options.group + "-" + member;
  for (const pipeline::TopicRef& topic : settings.topics)
    client.producer_topics.push_back(topic.name);
  client.batch_bytes = batch_bytes;
  return client;
}

}  // namespace semel
