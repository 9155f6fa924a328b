// The half of RdkafkaConsumer that changes what librdkafka fetches.
//
// librdkafka takes any *assign call for the answer to a rebalance that it has announced, also one
// that the lane has not seen yet. For an assignment that is harmless: what it gave stays ours until
// we give it back. A revocation must never be answered early, because then the group gives the
// partitions on while their transaction is open. So nothing but Acknowledge removes partitions from
// a cooperative assignment; StopFetching pauses them there. Eager calls replace the assignment as a
// whole, and only the empty call of Acknowledge counts as the answer to a revocation.
#include <thread>

#include "kafka/rdkafka_consumer.h"

namespace semel::kafka {
namespace {

constexpr int kSliceMs = 20;
constexpr Milliseconds kSeekWithin{5000};
constexpr Milliseconds kSomeSeeks{1000};
constexpr int kSeekTimeoutsAreRight = 0x02010000;

PartitionListPtr ToList(const std::string& topic, const std::map<Partition, Offset>& positions) {
  PartitionListPtr list = NewPartitionList(positions.size());
  for (const auto& [partition, offset] : positions)
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = offset;
  return list;
}

// Before 2.1 rd_kafka_seek_partitions took its milliseconds for microseconds (#4230).
int SeekTimeout(int timeout_ms) {
  return rd_kafka_version() < kSeekTimeoutsAreRight ? timeout_ms * 1000 : timeout_ms;
}

}  // namespace

Result<void> RdkafkaConsumer::Acknowledge(const Rebalance& rebalance) {
  if (!open_) return Error{Action::kFail, "a rebalance was acknowledged that was not announced"};
  open_.reset();
  if (rebalance.kind == Rebalance::Kind::kAssigned) {
    // What is fetched already stays; what was given is added by StartFetching.
    if (!Cooperative()) return AssignAll();
    return CheckError(rd_kafka_incremental_assign(instance_->get(), NewPartitionList(0).get()),
                      "take partitions of " + options_.topic);
  }
  for (const Partition partition : rebalance.partitions) owned_.erase(partition);
  return Remove(rebalance.partitions);
}

Result<void> RdkafkaConsumer::Remove(std::span<const Partition> partitions) {
  std::map<Partition, Offset> removed;
  for (const Partition partition : partitions)
    if (fetched_.erase(partition) > 0) removed[partition] = RD_KAFKA_OFFSET_INVALID;
  rd_kafka_t* rk = instance_->get();
  const std::string what = "give back partitions of " + options_.topic;
  if (Cooperative())
    return CheckError(rd_kafka_incremental_unassign(rk, ToList(options_.topic, removed).get()),
                      what);
  // A revocation under the eager protocol is always one of everything.
  fetched_.clear();
  const auto code = rd_kafka_assign(rk, nullptr);
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) return instance_->Describe(code, what);
  return {};
}

// Eager: replaces the whole assignment, each partition at its next offset.
Result<void> RdkafkaConsumer::AssignAll() {
  std::erase_if(fetched_, [](const auto& entry) { return !entry.second.wanted; });
  std::map<Partition, Offset> positions;
  for (const auto& [partition, fetched] : fetched_) positions[partition] = fetched.next;
  const auto code = rd_kafka_assign(instance_->get(), ToList(options_.topic, positions).get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return instance_->Describe(code, "fetch partitions of " + options_.topic);
  return {};
}

Result<void> RdkafkaConsumer::StartFetching(const std::map<Partition, Offset>& positions) {
  for (const auto& [partition, offset] : positions)
    if (!owned_.contains(partition))
      return Error{Action::kFail, "fetching " + Name(options_.topic, partition) +
                                      ", which the group did not give to us"};
  if (Cooperative()) return Add(positions);
  for (const auto& [partition, offset] : positions) fetched_[partition] = {offset, true};
  return AssignAll();
}

// Cooperative: new partitions are assigned; paused ones are moved first, then resumed.
Result<void> RdkafkaConsumer::Add(const std::map<Partition, Offset>& positions) {
  std::map<Partition, Offset> added;
  std::map<Partition, Offset> paused;
  for (const auto& [partition, offset] : positions)
    (fetched_.contains(partition) ? paused : added)[partition] = offset;
  if (!added.empty())
    SEMEL_TRY(CheckError(
        rd_kafka_incremental_assign(instance_->get(), ToList(options_.topic, added).get()),
        "fetch partitions of " + options_.topic));
  for (const auto& [partition, offset] : added) fetched_[partition] = {offset, true};
  if (paused.empty()) return {};
  SEMEL_TRY(SeekTo(paused));
  const auto code =
      rd_kafka_resume_partitions(instance_->get(), ToList(options_.topic, paused).get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return instance_->Describe(code, "resume partitions of " + options_.topic);
  for (const auto& [partition, offset] : paused) fetched_[partition] = {offset, true};
  return {};
}

Result<void> RdkafkaConsumer::StopFetching(std::span<const Partition> partitions) {
  std::map<Partition, Offset> stopped;
  for (const Partition partition : partitions) {
    const auto found = fetched_.find(partition);
    if (found == fetched_.end() || !found->second.wanted) continue;
    found->second.wanted = false;
    stopped[partition] = RD_KAFKA_OFFSET_INVALID;
  }
  // During a revocation librdkafka has paused everything, and Acknowledge is about to follow.
  if (stopped.empty() || (open_ && open_->kind != Rebalance::Kind::kAssigned)) return {};
  if (!Cooperative()) return AssignAll();
  const auto code =
      rd_kafka_pause_partitions(instance_->get(), ToList(options_.topic, stopped).get());
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR)
    return instance_->Describe(code, "pause partitions of " + options_.topic);
  return {};
}

Result<void> RdkafkaConsumer::Seek(const std::map<Partition, Offset>& positions) {
  for (const auto& [partition, offset] : positions)
    if (const auto found = fetched_.find(partition);
        found == fetched_.end() || !found->second.wanted)
      return Error{Action::kFail,
                   "moving " + Name(options_.topic, partition) + ", which is not fetched"};
  if (positions.empty()) return {};
  SEMEL_TRY(SeekTo(positions));
  for (const auto& [partition, offset] : positions) fetched_[partition].next = offset;
  return {};
}

// A partition whose fetching has only just begun refuses to be moved: tried again.
Result<void> RdkafkaConsumer::SeekTo(std::map<Partition, Offset> positions) {
  const Deadline deadline{kSeekWithin};
  const std::string what = "move in " + options_.topic;
  while (true) {
    const PartitionListPtr list = ToList(options_.topic, positions);
    const int timeout = SeekTimeout(deadline.SliceMs(static_cast<int>(kSomeSeeks.count())));
    const ErrorPtr error(rd_kafka_seek_partitions(instance_->get(), list.get(), timeout));
    rd_kafka_resp_err_t code =
        error == nullptr ? RD_KAFKA_RESP_ERR_NO_ERROR : rd_kafka_error_code(error.get());
    for (int i = 0; i < list->cnt; ++i) {
      const rd_kafka_topic_partition_t& entry = list->elems[i];
      if (entry.err == RD_KAFKA_RESP_ERR_NO_ERROR)
        positions.erase(entry.partition);
      else
        code = entry.err;
    }
    if (positions.empty()) return {};
    if (deadline.passed()) return instance_->Describe(code, what);
    std::this_thread::sleep_for(Milliseconds{deadline.SliceMs(kSliceMs)});
  }
}

// librdkafka's close sends no LeaveGroup for a static member (KIP-345), so that the others would
// wait for the session's end. Unsubscribing does send it.
Result<void> RdkafkaConsumer::Leave(Milliseconds timeout) {
  if (leaving_) return {};
  leaving_ = true;
  const Deadline deadline{timeout};
  token_ = GroupToken{};
  if (open_) announced_.push_front(*open_);
  rd_kafka_unsubscribe(instance_->get());
  Result<void> left = WaitUntilLeft(deadline);
  if (left) left = CloseConsumer(deadline);
  // librdkafka 2.0.2 asserts (rd_kafka_sticky_assignor_state_destroy) where a consumer is destroyed
  // within its first cooperative join.
  if (!left && Cooperative()) instance_->LeaveRunning();
  return left;
}

Result<void> RdkafkaConsumer::WaitUntilLeft(const Deadline& deadline) {
  rd_kafka_t* rk = instance_->get();
  while (true) {
    const MessagePtr dropped(rd_kafka_consumer_poll(rk, deadline.SliceMs(kSliceMs)));
    SEMEL_TRY(AcknowledgeAll());
    // librdkafka forgets its member id when it sends the LeaveGroup.
    char* member = rd_kafka_memberid(rk);
    const bool left = member == nullptr || *member == '\0';
    if (member != nullptr) rd_kafka_mem_free(rk, member);
    if (left) return {};
    if (deadline.passed())
      return instance_->Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, "leave group " + options_.group);
  }
}

Result<void> RdkafkaConsumer::AcknowledgeAll() {
  while (!announced_.empty()) {
    const Rebalance rebalance = std::move(announced_.front());
    announced_.pop_front();
    open_ = rebalance;
    SEMEL_TRY(Acknowledge(rebalance));
  }
  return {};
}

// Waits for the answer to the LeaveGroup; never blocks in rd_kafka_consumer_close, which can hang.
Result<void> RdkafkaConsumer::CloseConsumer(const Deadline& deadline) {
  rd_kafka_t* rk = instance_->get();
  const QueuePtr queue(rd_kafka_queue_new(rk));
  SEMEL_TRY(CheckError(rd_kafka_consumer_close_queue(rk, queue.get()),
                       "close the consumer of group " + options_.group));
  while (rd_kafka_consumer_closed(rk) == 0) {
    if (deadline.passed())
      return instance_->Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, "leave group " + options_.group);
    // Records may still lie in the queue: rd_kafka_queue_poll_callback would assert on them.
    const MessagePtr dropped(rd_kafka_consume_queue(queue.get(), deadline.SliceMs(kSliceMs)));
    SEMEL_TRY(AcknowledgeAll());
  }
  return {};
}

}  // namespace semel::kafka
