// The half of the consumer that owns partitions: joining, rebalances, leaving.
#include <algorithm>
#include <utility>

#include "client/consumer_conf.h"
#include "client/consumer_impl.h"
#include "kafka/consumer_calls.h"

namespace semel {
namespace {

constexpr std::chrono::milliseconds kAskWithin{1000};

const char* Text(bool assigned, bool lost) {
  return assigned ? "assigned" : lost ? "lost" : "revoked";
}

}  // namespace

Result<void> Consumer::Impl::Subscribe(const std::vector<std::string>& topics) {
  if (options_.group.empty())
    return Error{Action::kFix, "subscribing needs a group; without one, use Assign"};
  if (!subscribed_ && !owned_.empty())
    return Error{Action::kFix, "Subscribe and Assign exclude each other"};
  const kafka::PartitionListPtr list = kafka::NewPartitionList(topics.size());
  std::string names;
  for (const std::string& topic : topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
    names += (names.empty() ? "" : ", ") + topic;
  }
  SEMEL_TRY(Check(rd_kafka_subscribe(rk(), list.get()), "subscribe to " + names));
  subscribed_ = true;
  return {};
}

Result<void> Consumer::Impl::Assign(const Places& places, Milliseconds timeout) {
  if (subscribed_) return Error{Action::kFix, "Subscribe and Assign exclude each other"};
  for (const auto& [name, place] : places) SEMEL_TRY(CheckPlace(place, NameOf(name)));
  SEMEL_TRY_ASSIGN(const Offsets offsets, Locate(places, kafka::Deadline(timeout)));
  static_cast<void>(Remove(Assignment()));
  for (const auto& [partition, offset] : offsets) PlaceAt(owned_[partition], offset);
  return Fetch(Assignment());
}

// Runs inside of a poll.
void Consumer::Impl::OnRebalance(rd_kafka_resp_err_t event,
                                 const rd_kafka_topic_partition_list_t& partitions) {
  const bool assigned = event == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
  const bool lost = !assigned && (event != RD_KAFKA_RESP_ERR__REVOKE_PARTITIONS ||
                                  rd_kafka_assignment_lost(rk()) != 0);
  Rebalance rebalance{assigned ? Kind::kAssigned : (lost ? Kind::kLost : Kind::kRevoked),
                      kafka::ToPartitions(partitions)};
  std::string names;
  for (const TopicPartition& partition : rebalance.partitions)
    names += (names.empty() ? "" : ", ") + NameOf(partition);
  logger().Info("rebalance",
                {{"group", options_.group}, {"kind", Text(assigned, lost)}, {"partitions", names}});
  announced_.push_back(std::move(rebalance));
  rd_kafka_yield(rk());
}

bool Consumer::Impl::Cooperative() const { return kafka::Cooperative(*connection_->instance); }

// What the group announced. An assignment stays announced while nobody says where to begin.
Result<void> Consumer::Impl::CarryOut() {
  while (!announced_.empty()) {
    const Rebalance rebalance = announced_.front();
    if (rebalance.kind == Kind::kAssigned) {
      // Announced again before it was answered: the group took it back.
      SEMEL_TRY_ASSIGN(const bool taken,
                       announced_.size() > 1 ? Result<bool>(true) : Take(rebalance.partitions));
      if (!taken) return {};
    } else {
      SEMEL_TRY(GiveBack(rebalance));
    }
    announced_.pop_front();
  }
  return {};
}

// False: brokers did not say in time where the group is.
Result<bool> Consumer::Impl::Take(const std::vector<TopicPartition>& partitions) {
  if (closed_) {
    SEMEL_TRY(Fetch({}));
    return true;
  }
  Places places;
  for (const TopicPartition& partition : partitions) places[partition] = Place::Committed();
  const auto offsets = Locate(std::move(places), kafka::Deadline(kAskWithin));
  if (!offsets && offsets.error().action == Action::kRetry) {
    logger().Warning(offsets.error().message);
    return false;
  }
  if (!offsets) return offsets.error();
  // An eager assignment is the whole of what is ours; normally a revocation went before.
  if (!Cooperative() && !owned_.empty()) {
    const auto lost = Remove(Assignment());
    if (options_.on_lost) options_.on_lost(lost);
  }
  for (const auto& [partition, offset] : *offsets) PlaceAt(owned_[partition], offset);
  if (options_.on_assigned) options_.on_assigned(partitions);
  SEMEL_TRY(Fetch(partitions));
  return true;
}

// Any assign call is the answer to a rebalance that is open.
Result<void> Consumer::Impl::Fetch(const std::vector<TopicPartition>& partitions) {
  Offsets offsets;
  std::vector<TopicPartition> paused;
  for (const TopicPartition& name : partitions) {
    OwnedPartition& partition = owned_.at(name);
    offsets[name] = partition.next;
    partition.fetching = true;
    if (partition.paused) paused.push_back(name);
  }
  const kafka::PartitionListPtr list = kafka::ToList(offsets);
  if (subscribed_ && Cooperative())
    SEMEL_TRY(Check(rd_kafka_incremental_assign(rk(), list.get()), "take partitions"));
  else
    SEMEL_TRY(Check(rd_kafka_assign(rk(), list.get()), "take partitions"));
  return Pause(paused);
}

Result<void> Consumer::Impl::GiveBack(const Rebalance& rebalance) {
  const bool all = !Cooperative();  // an eager revocation is one of everything
  std::vector<TopicPartition> names = all ? Assignment() : rebalance.partitions;
  std::erase_if(names, [this](const TopicPartition& name) { return !owned_.contains(name); });
  for (const TopicPartition& name : names) Drop(name, owned_.at(name));
  if (rebalance.kind == Kind::kRevoked && options_.on_revoked) options_.on_revoked(names);
  Offsets fetched;
  for (const TopicPartition& name : names) fetched[name] = RD_KAFKA_OFFSET_INVALID;
  static_cast<void>(Remove(names));
  if (rebalance.kind == Kind::kLost && options_.on_lost) options_.on_lost(names);
  if (all) return Check(rd_kafka_assign(rk(), nullptr), "give back partitions");
  return Check(rd_kafka_incremental_unassign(rk(), kafka::ToList(fetched).get()),
               "give back partitions");
}

// librdkafka keeps a partition paused after it went: whoever pauses knows nothing of it when it
// comes back.
std::vector<TopicPartition> Consumer::Impl::Remove(const std::vector<TopicPartition>& partitions) {
  Offsets paused;
  for (const TopicPartition& name : partitions) {
    const OwnedPartition& partition = owned_.at(name);
    if (partition.paused && partition.fetching) paused[name] = RD_KAFKA_OFFSET_INVALID;
    Drop(name, owned_.at(name));
    owned_.erase(name);
  }
  if (!paused.empty() && !closed_) rd_kafka_resume_partitions(rk(), kafka::ToList(paused).get());
  return partitions;
}

std::vector<TopicPartition> Consumer::Impl::Assignment() const {
  std::vector<TopicPartition> names;
  names.reserve(owned_.size());
  for (const auto& [name, partition] : owned_) names.push_back(name);
  return names;
}

Result<void> Consumer::Impl::Close(Milliseconds timeout) {
  if (closed_) return {};
  closed_ = true;
  const kafka::Deadline deadline{timeout};
  const bool cooperative = Cooperative();
  const kafka::Instance& instance = *connection_->instance;
  const auto carry_out = [this] {
    ServeCommits(0);
    return CarryOut();
  };
  Result<void> left = CarryOut();
  if (subscribed_) {
    rd_kafka_unsubscribe(rk());
    if (left)
      left = kafka::WaitUntilLeft(instance, "leave group " + options_.group, deadline, carry_out);
  } else {
    rd_kafka_assign(rk(), nullptr);
  }
  if (left) left = kafka::WaitUntilClosed(instance, "close the consumer", deadline, carry_out);
  static_cast<void>(Remove(Assignment()));
  TellUnanswered();
  carried_.clear();
  // librdkafka 2.0.2 asserts (rd_kafka_sticky_assignor_state_destroy) where a consumer is destroyed
  // within its first cooperative join.
  if (!left && cooperative) connection_->instance->LeaveRunning();
  return left;
}

}  // namespace semel
