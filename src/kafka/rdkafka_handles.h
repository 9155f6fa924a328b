// Owners of librdkafka's C objects. Nothing outside of src/kafka includes this.
#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>

namespace semel::kafka {

template <auto kDestroy>
struct DestroyWith {
  template <typename T>
  void operator()(T* object) const {
    kDestroy(object);
  }
};

using ConfPtr = std::unique_ptr<rd_kafka_conf_t, DestroyWith<rd_kafka_conf_destroy>>;
using TopicPtr = std::unique_ptr<rd_kafka_topic_t, DestroyWith<rd_kafka_topic_destroy>>;
using MessagePtr = std::unique_ptr<rd_kafka_message_t, DestroyWith<rd_kafka_message_destroy>>;
using HeadersPtr = std::unique_ptr<rd_kafka_headers_t, DestroyWith<rd_kafka_headers_destroy>>;
using ErrorPtr = std::unique_ptr<rd_kafka_error_t, DestroyWith<rd_kafka_error_destroy>>;
using QueuePtr = std::unique_ptr<rd_kafka_queue_t, DestroyWith<rd_kafka_queue_destroy>>;
using EventPtr = std::unique_ptr<rd_kafka_event_t, DestroyWith<rd_kafka_event_destroy>>;
using PartitionListPtr = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                         DestroyWith<rd_kafka_topic_partition_list_destroy>>;
using GroupMetadataPtr = std::unique_ptr<rd_kafka_consumer_group_metadata_t,
                                         DestroyWith<rd_kafka_consumer_group_metadata_destroy>>;
using MetadataPtr =
    std::unique_ptr<const rd_kafka_metadata_t, DestroyWith<rd_kafka_metadata_destroy>>;
using AdminOptionsPtr =
    std::unique_ptr<rd_kafka_AdminOptions_t, DestroyWith<rd_kafka_AdminOptions_destroy>>;

inline PartitionListPtr NewPartitionList(std::size_t size) {
  return PartitionListPtr(rd_kafka_topic_partition_list_new(static_cast<int>(size)));
}

}  // namespace semel::kafka
