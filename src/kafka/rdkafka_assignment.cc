// The half of RdkafkaConsumer that changes what librdkafka fetches.
//
// librdkafka takes any *assign call for the answer to a rebalance that it has announced, also one
// that the lane has not seen yet. For an assignment that is harmless: what it gave stays ours until
// we give it back. A revocation must never be answered early, because then the group gives the
// partitions on while their transaction is open. So nothing but Acknowledge removes partitions from
// a cooperative assignment; StopFetching pauses them there. Eager calls replace the assignment as a
// whole, and only the empty call of Acknowledge counts as the answer to a revocation.
#include "kafka/consumer_calls.h"
#include "kafka/partition_list.h"
#include "kafka/rdkafka_consumer.h"

namespace semel::kafka {
namespace {

constexpr Milliseconds kMoveWithin{5000};

Offsets In(const std::string& topic, const std::map<Partition, Offset>& positions) {
  Offsets offsets;
  for (const auto& [partition, offset] : positions) offsets[{topic, partition}] = offset;
  return offsets;
}

}  // namespace

Result<void> RdkafkaConsumer::Acknowledge(const Rebalance& rebalance) {
  if (!open_) return Error{Action::kFail, "a rebalance was acknowledged that was not announced"};
  open_.reset();
  if (rebalance.kind == Rebalance::Kind::kAssigned) {
    // What is fetched already stays; what was given is added by StartFetching.
    if (!Cooperative(*instance_)) return AssignAll();
    return instance_->Check(
        rd_kafka_incremental_assign(instance_->get(), NewPartitionList(0).get()),
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
  if (Cooperative(*instance_))
    return instance_->Check(
        rd_kafka_incremental_unassign(rk, ToList(In(options_.topic, removed)).get()), what);
  // A revocation under the eager protocol is always one of everything.
  fetched_.clear();
  return instance_->Check(rd_kafka_assign(rk, nullptr), what);
}

// Eager: replaces the whole assignment, each partition at its next offset.
Result<void> RdkafkaConsumer::AssignAll() {
  std::erase_if(fetched_, [](const auto& entry) { return !entry.second.wanted; });
  std::map<Partition, Offset> positions;
  for (const auto& [partition, fetched] : fetched_) positions[partition] = fetched.next;
  return instance_->Check(
      rd_kafka_assign(instance_->get(), ToList(In(options_.topic, positions)).get()),
      "fetch partitions of " + options_.topic);
}

Result<void> RdkafkaConsumer::StartFetching(const std::map<Partition, Offset>& positions) {
  for (const auto& [partition, offset] : positions)
    if (!owned_.contains(partition))
      return Error{Action::kFail, "fetching " + Name(options_.topic, partition) +
                                      ", which the group did not give to us"};
  if (Cooperative(*instance_)) return Add(positions);
  for (const auto& [partition, offset] : positions) fetched_[partition] = {offset, true};
  return AssignAll();
}

// Cooperative: new partitions are assigned; paused ones are moved first, then resumed.
Result<void> RdkafkaConsumer::Add(const std::map<Partition, Offset>& positions) {
  std::map<Partition, Offset> added;
  std::map<Partition, Offset> paused;
  for (const auto& [partition, offset] : positions)
    (fetched_.contains(partition) ? paused : added)[partition] = offset;
  if (!added.empty()) {
    // librdkafka keeps a pause when a partition is lost, also for when it comes back.
    rd_kafka_resume_partitions(instance_->get(), ToList(In(options_.topic, added)).get());
    SEMEL_TRY(instance_->Check(
        rd_kafka_incremental_assign(instance_->get(), ToList(In(options_.topic, added)).get()),
        "fetch partitions of " + options_.topic));
  }
  for (const auto& [partition, offset] : added) fetched_[partition] = {offset, true};
  if (paused.empty()) return {};
  SEMEL_TRY(Move(paused));
  SEMEL_TRY(instance_->Check(
      rd_kafka_resume_partitions(instance_->get(), ToList(In(options_.topic, paused)).get()),
      "resume partitions of " + options_.topic));
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
  if (!Cooperative(*instance_)) return AssignAll();
  return instance_->Check(
      rd_kafka_pause_partitions(instance_->get(), ToList(In(options_.topic, stopped)).get()),
      "pause partitions of " + options_.topic);
}

Result<void> RdkafkaConsumer::Seek(const std::map<Partition, Offset>& positions) {
  for (const auto& [partition, offset] : positions)
    if (const auto found = fetched_.find(partition);
        found == fetched_.end() || !found->second.wanted)
      return Error{Action::kFail,
                   "moving " + Name(options_.topic, partition) + ", which is not fetched"};
  if (positions.empty()) return {};
  SEMEL_TRY(Move(positions));
  for (const auto& [partition, offset] : positions) fetched_[partition].next = offset;
  return {};
}

Result<void> RdkafkaConsumer::Move(const std::map<Partition, Offset>& positions) const {
  return MoveTo(*instance_, In(options_.topic, positions), Deadline{kMoveWithin});
}

void RdkafkaConsumer::CommitForDisplay(const std::map<Partition, Offset>& positions) {
  if (positions.empty()) return;
  constexpr int kAsync = 1;
  static_cast<void>(
      rd_kafka_commit(instance_->get(), ToList(In(options_.topic, positions)).get(), kAsync));
}

Result<void> RdkafkaConsumer::Leave(Milliseconds timeout) {
  if (leaving_) return {};
  leaving_ = true;
  const Deadline deadline{timeout};
  membership_.Suspend();
  if (open_) announced_.push_front(*open_);
  rd_kafka_unsubscribe(instance_->get());
  const std::string what = "leave group " + options_.group;
  const auto carry_out = [this] { return AcknowledgeAll(); };
  Result<void> left = WaitUntilLeft(*instance_, what, deadline, carry_out);
  if (left) left = WaitUntilClosed(*instance_, what, deadline, carry_out);
  // librdkafka 2.0.2 asserts (rd_kafka_sticky_assignor_state_destroy) where a consumer is destroyed
  // within its first cooperative join.
  if (!left && Cooperative(*instance_)) instance_->LeaveRunning();
  return left;
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

}  // namespace semel::kafka
