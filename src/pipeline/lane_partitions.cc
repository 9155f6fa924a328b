#include "pipeline/lane_partitions.h"

#include <utility>

namespace semel::pipeline {
namespace {

constexpr std::chrono::minutes kParkedFor{5};

}  // namespace

bool LanePartitions::Owns(kafka::Partition partition, std::uint64_t ownership) const {
  const auto found = owned_.find(partition);
  return found != owned_.end() && found->second == ownership;
}

void LanePartitions::Give(kafka::Partition partition) {
  owned_[partition] = ++assignments_;
  std::unique_ptr<PartitionState> state;
  if (auto kept = parked_.extract(partition)) state = std::move(kept.mapped().state);
  Submit(partition, std::move(state));
}

std::unique_ptr<SeenSet> LanePartitions::OpenSeenSet(kafka::Partition partition) const {
  if (open_) return open_(partition);
  return OpenMemorySeenSet(
      {.window = settings_.window, .bits = settings_.key.bits, .seed = settings_.table_seed});
}

void LanePartitions::Submit(kafka::Partition partition, std::unique_ptr<PartitionState> state) {
  // While an earlier restore is on its way back, its result is what asks again.
  const bool under_way = restoring_.contains(partition);
  restoring_[partition] = owned_.at(partition);
  if (under_way) return;
  if (!state) state = std::make_unique<PartitionState>(partition, OpenSeenSet(partition), budget_);
  restores_.Submit({owned_.at(partition), std::move(state)});
}

void LanePartitions::TakeAway(kafka::Partition partition) {
  owned_.erase(partition);
  if (restoring_.contains(partition)) restores_.Cancel(partition);
  if (auto gone = served_.extract(partition)) Park(std::move(gone.mapped().state));
}

void LanePartitions::Reload(kafka::Partition partition) {
  served_.erase(partition);
  if (!owned_.contains(partition)) return;
  owned_[partition] = ++assignments_;  // what refers to the set that was, ends
  Submit(partition, nullptr);
}

Result<std::map<kafka::Partition, kafka::Offset>> LanePartitions::CollectRestored() {
  std::map<kafka::Partition, kafka::Offset> positions;
  for (RestoreResult& result : restores_.Collect()) {
    const kafka::Partition partition = result.state->partition;
    const std::uint64_t wanted = restoring_.at(partition);
    restoring_.erase(partition);
    if (!Owns(partition, result.ownership) || wanted != result.ownership) {
      if (owned_.contains(partition)) {
        Submit(partition, result.error ? nullptr : std::move(result.state));
      } else if (!result.error) {
        Park(std::move(result.state));
      }
      continue;
    }
    if (result.error) return *result.error;
    positions[partition] = result.state->committed;
    Served& served = served_[partition];
    served.next = result.state->committed;
    served.state = std::move(result.state);
  }
  return positions;
}

void LanePartitions::Park(std::unique_ptr<PartitionState> state) {
  const kafka::Partition partition = state->partition;
  state->AccountMemory();
  parked_[partition] = {std::move(state), clock_.Now() + kParkedFor};
}

void LanePartitions::DropParked() {
  const auto now = clock_.Now();
  const bool tight = budget_.Tight();
  std::erase_if(parked_, [&](const auto& kept) { return tight || now >= kept.second.until; });
}

}  // namespace semel::pipeline
