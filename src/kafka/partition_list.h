// librdkafka's lists of partitions with their offsets.
#pragma once

#include <vector>

#include "kafka/rdkafka_handles.h"
#include "semel/message.h"

namespace semel::kafka {

PartitionListPtr ToList(const Offsets& offsets);
std::vector<TopicPartition> ToPartitions(const rd_kafka_topic_partition_list_t& list);
Offsets ToOffsets(const rd_kafka_topic_partition_list_t& list);

/// "orders [3] at 5, orders [4] at 7".
std::string Text(const Offsets& offsets);

}  // namespace semel::kafka
