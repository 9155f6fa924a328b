#include "kafka/partition_list.h"

#include "kafka/instance.h"

namespace semel::kafka {

PartitionListPtr ToList(const Offsets& offsets) {
  PartitionListPtr list = NewPartitionList(offsets.size());
  for (const auto& [at, offset] : offsets)
    rd_kafka_topic_partition_list_add(list.get(), at.topic.c_str(), at.partition)->offset = offset;
  return list;
}

std::vector<TopicPartition> ToPartitions(const rd_kafka_topic_partition_list_t& list) {
  std::vector<TopicPartition> partitions;
  for (int i = 0; i < list.cnt; ++i)
    partitions.push_back({list.elems[i].topic, list.elems[i].partition});
  return partitions;
}

Offsets ToOffsets(const rd_kafka_topic_partition_list_t& list) {
  Offsets offsets;
  for (int i = 0; i < list.cnt; ++i)
    offsets[{list.elems[i].topic, list.elems[i].partition}] = list.elems[i].offset;
  return offsets;
}

std::string Text(const Offsets& offsets) {
  std::string text;
  for (const auto& [at, offset] : offsets) {
    if (!text.empty()) text += ", ";
    text += Name(at.topic, at.partition) + " at " + std::to_string(offset);
  }
  return text;
}

}  // namespace semel::kafka
