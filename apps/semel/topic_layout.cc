#include "topic_layout.h"

#include <algorithm>
#include <span>

#include "kafka/admin.h"
#include "kafka/admin_request.h"

namespace semel::app {
namespace {

constexpr kafka::Milliseconds kTimeout{30'000};

Result<std::vector<PartitionLayout>> ReadPartitions(const kafka::Instance& instance,
                                                    const std::string& topic,
                                                    const kafka::ClientSettings& settings) {
  const std::string what = "describe topic " + topic;
  const kafka::TopicPtr handle(rd_kafka_topic_new(instance.get(), topic.c_str(), nullptr));
  if (handle == nullptr) return instance.Describe(rd_kafka_last_error(), what);
  const rd_kafka_metadata_t* answer = nullptr;
  auto code = rd_kafka_metadata(instance.get(), 0, handle.get(), &answer,
                                kafka::Deadline(kTimeout).LeftMs());
  rd_kafka_poll(instance.get(), 0);  // serves the error callback
  const kafka::MetadataPtr metadata(answer);
  if (instance.broken()) return *instance.broken();
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->topic_cnt == 1)
    code = metadata->topics[0].err;
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return kafka::NoTopic(topic, settings);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return instance.Describe(code, what);
  const rd_kafka_metadata_topic& found = metadata->topics[0];
  std::vector<PartitionLayout> partitions(static_cast<std::size_t>(found.partition_cnt));
  for (int i = 0; i < found.partition_cnt; ++i) {
    const rd_kafka_metadata_partition& partition = found.partitions[i];
    PartitionLayout& layout = partitions.at(static_cast<std::size_t>(partition.id));
    layout.leader = partition.leader;
    layout.replicas.assign(partition.replicas, partition.replicas + partition.replica_cnt);
    layout.in_sync.assign(partition.isrs, partition.isrs + partition.isr_cnt);
  }
  return partitions;
}

Result<std::vector<std::pair<std::string, std::string>>> ReadConfig(const kafka::Instance& instance,
                                                                    const std::string& topic) {
  using ResourcePtr = std::unique_ptr<rd_kafka_ConfigResource_t,
                                      kafka::DestroyWith<rd_kafka_ConfigResource_destroy>>;
  const std::string what = "read the configuration of topic " + topic;
  const ResourcePtr resource(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str()));
  const kafka::AdminRequest request(instance, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, kTimeout);
  rd_kafka_ConfigResource_t* asked = resource.get();
  rd_kafka_DescribeConfigs(instance.get(), &asked, 1, request.options(), request.queue());
  SEMEL_TRY_ASSIGN(const kafka::EventPtr event, request.Await(what));
  std::size_t count = 0;
  const auto* const* resources = rd_kafka_DescribeConfigs_result_resources(
      rd_kafka_event_DescribeConfigs_result(event.get()), &count);
  std::vector<std::pair<std::string, std::string>> config;
  for (const auto* found : std::span(resources, count)) {
    if (const auto code = rd_kafka_ConfigResource_error(found); code != RD_KAFKA_RESP_ERR_NO_ERROR)
      return instance.Describe(code, what);
    std::size_t size = 0;
    const auto* const* entries = rd_kafka_ConfigResource_configs(found, &size);
    for (const auto* entry : std::span(entries, size)) {
      if (rd_kafka_ConfigEntry_source(entry) != RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG)
        continue;
      const char* value = rd_kafka_ConfigEntry_value(entry);
      config.emplace_back(rd_kafka_ConfigEntry_name(entry), value == nullptr ? "" : value);
    }
  }
  std::sort(config.begin(), config.end());
  return config;
}

}  // namespace

Result<TopicLayout> ReadTopicLayout(const kafka::ClientSettings& settings, const std::string& topic,
                                    Logger& logger) {
  SEMEL_TRY_ASSIGN(const auto instance, kafka::OpenAdmin("admin client", settings, logger));
  TopicLayout layout;
  SEMEL_TRY_ASSIGN(layout.partitions, ReadPartitions(*instance, topic, settings));
  SEMEL_TRY_ASSIGN(layout.config, ReadConfig(*instance, topic));
  return layout;
}

}  // namespace semel::app
