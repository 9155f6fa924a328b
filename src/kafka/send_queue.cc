#include "kafka/send_queue.h"

#include <algorithm>
#include <array>
#include <utility>

#include "kafka/instance.h"
#include "kafka/produce_variables.h"

namespace semel::kafka {
bool SendQueue::AddTopic(const std::string& name) {
  TopicPtr topic(rd_kafka_topic_new(producer_, name.c_str(), nullptr));
  if (topic == nullptr) return false;
  topics_.push_back(std::move(topic));
  queues_.emplace_back();
  return true;
}

SendQueue::PartitionQueue& SendQueue::Of(std::size_t topic, Partition partition) {
  std::deque<PartitionQueue>& queues = queues_[topic];
  const auto index = static_cast<std::size_t>(partition);
  if (index >= queues.size()) queues.resize(index + 1);
  return queues[index];
}

NotTaken SendQueue::Add(const OutgoingRecord& record) {
  const auto topic = static_cast<std::size_t>(record.topic);
  PartitionQueue& queue = Of(topic, record.partition);
  queue.held.push_back(
      {record.key, record.value, CopyHeaders(record.headers), record.timestamp_ms, record.tag});
  ++outstanding_;
  return HandOver(topic, record.partition, queue);
}

NotTaken SendQueue::Delivered(const rd_kafka_message_t& message) {
  const auto found = std::find_if(topics_.begin(), topics_.end(), [&](const TopicPtr& topic) {
    return topic.get() == message.rkt;
  });
  const auto topic = static_cast<std::size_t>(found - topics_.begin());
  PartitionQueue& queue = Of(topic, message.partition);
  queue.bytes -= queue.handed_over.front();
  queue.handed_over.pop_front();
  --outstanding_;
  return HandOver(topic, message.partition, queue);
}

NotTaken SendQueue::HandOverAll() {
  for (std::size_t topic = 0; topic < queues_.size(); ++topic) {
    for (std::size_t index = 0; index < queues_[topic].size(); ++index) {
      NotTaken failed = HandOver(topic, static_cast<Partition>(index), queues_[topic][index]);
      if (failed.code != RD_KAFKA_RESP_ERR_NO_ERROR) return failed;
    }
  }
  return {};
}

void SendQueue::DropHeld() {
  for (auto& queues : queues_) {
    for (PartitionQueue& queue : queues) {
      outstanding_ -= queue.held.size();
      queue.held.clear();
    }
  }
}

bool SendQueue::full_batch_under_way() const {
  return std::any_of(queues_.begin(), queues_.end(), [this](const auto& queues) {
    return std::any_of(queues.begin(), queues.end(),
                       [this](const PartitionQueue& queue) { return Full(queue); });
  });
}

NotTaken SendQueue::HandOver(std::size_t topic, Partition partition, PartitionQueue& queue) {
  while (!queue.held.empty() && !Full(queue)) {
    HeldRecord& record = queue.held.front();
    if (const ErrorPtr error = Enqueue(topic, partition, record); error != nullptr) {
      const rd_kafka_resp_err_t code = rd_kafka_error_code(error.get());
      if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) break;  // again with the next call
      return {code, Name(rd_kafka_topic_name(topics_[topic].get()), partition)};
    }
    // As librdkafka counts them for batch.size.
    queue.handed_over.push_back(SizeOf(record.key) + SizeOf(record.value));
    queue.bytes += queue.handed_over.back();
    queue.held.pop_front();
  }
  return {};
}

ErrorPtr SendQueue::Enqueue(std::size_t topic, Partition partition, HeldRecord& record) const {
  std::array<rd_kafka_vu_t, 7> variables;
  std::size_t count = 0;
  rd_kafka_vu_t& to = variables[count++] = Variable(RD_KAFKA_VTYPE_RKT);
  to.u.rkt = topics_[topic].get();
  rd_kafka_vu_t& to_partition = variables[count++] = Variable(RD_KAFKA_VTYPE_PARTITION);
  to_partition.u.i32 = partition;
  variables[count++] = Memory(RD_KAFKA_VTYPE_VALUE, record.value);
  variables[count++] = Memory(RD_KAFKA_VTYPE_KEY, record.key);
  rd_kafka_vu_t& timestamp = variables[count++] = Variable(RD_KAFKA_VTYPE_TIMESTAMP);
  timestamp.u.i64 = record.timestamp_ms < 0 ? 0 : record.timestamp_ms;  // 0: now
  rd_kafka_vu_t& opaque = variables[count++] = Variable(RD_KAFKA_VTYPE_OPAQUE);
  // The tag itself, not an address.
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  opaque.u.ptr = reinterpret_cast<void*>(static_cast<std::uintptr_t>(record.tag));
  if (record.headers != nullptr) {
    rd_kafka_vu_t& headers = variables[count++] = Variable(RD_KAFKA_VTYPE_HEADERS);
    headers.u.headers = record.headers.get();
  }
  ErrorPtr error(rd_kafka_produceva(producer_, variables.data(), count));
  if (error == nullptr) static_cast<void>(record.headers.release());  // taken with the record
  return error;
}

}  // namespace semel::kafka
