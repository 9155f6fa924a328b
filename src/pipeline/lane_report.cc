#include "pipeline/lane_report.h"

#include <algorithm>

namespace semel::pipeline {
namespace {

constexpr std::chrono::milliseconds kPublishEvery{200};
constexpr std::chrono::seconds kBlockedNotice{10};

}  // namespace

metrics::PartitionSnapshot& LaneReport::Of(kafka::Partition partition) {
  metrics::PartitionSnapshot& count = partitions_[partition];
  count.partition = partition;
  count.lane = lane_.lane;
  return count;
}

void LaneReport::Add(kafka::Partition partition, const metrics::PartitionSnapshot& tally) {
  AddCounters(Of(partition), tally);
}

void LaneReport::PublishNowAndThen(LanePartitions& partitions, kafka::InputConsumer& consumer) {
  if (clock_.Now() - published_ >= kPublishEvery) Publish(partitions, consumer);
}

void LaneReport::Publish(LanePartitions& partitions, kafka::InputConsumer& consumer) {
  published_ = clock_.Now();
  for (const auto& owned : partitions.owned()) Of(owned.first).phase = metrics::Phase::kRestoring;
  for (auto& [partition, served] : partitions.served()) ShowServed(partition, served, consumer);
  for (const auto& [partition, progress] : partitions.Progress()) {
    metrics::PartitionSnapshot& count = Of(partition);
    count.restored_entries = progress.entries;
    count.restore_position = progress.position;
    count.restore_end = progress.end;
  }
  for (auto& [partition, count] : partitions_) {
    if (partitions.owned().contains(partition)) continue;
    count.phase = metrics::Phase::kParked;
    if (partitions.parked(partition)) continue;
    count.entries = count.bytes = 0;
    count.oldest_ms = -1;
  }
  lane_.partitions.clear();
  for (const auto& count : partitions_) lane_.partitions.push_back(count.second);
  board_.Publish(lane_);
}

void LaneReport::ShowServed(kafka::Partition partition, Served& served,
                            kafka::InputConsumer& consumer) {
  WatchBlocked(partition, served, consumer);
  metrics::PartitionSnapshot& count = Of(partition);
  const SeenSet& seen = *served.state->seen;
  count.phase = metrics::Phase::kServing;
  count.position = served.state->committed;
  count.end = std::max(consumer.KnownEnd(partition).value_or(-1), served.end.value_or(-1));
  count.blocked = served.blocked;
  count.seen_set_failing = seen.failing();
  count.entries = seen.size();
  count.bytes = seen.memory_bytes();
  count.oldest_ms = count.entries == 0 ? -1 : seen.oldest_ms();
}

void LaneReport::WatchBlocked(kafka::Partition partition, Served& served,
                              kafka::InputConsumer& consumer) {
  const auto end = consumer.KnownEnd(partition);
  const bool before = served.blocked;
  served.blocked = end && served.end && *served.end == served.next && *end > *served.end;
  const auto now = clock_.Now();
  if (!served.blocked || !before) {
    served.blocked_told = false;
    served.blocked_since = now;
  } else if (!served.blocked_told && now - served.blocked_since > kBlockedNotice) {
    served.blocked_told = true;
    log_.Warning("input blocked by an open transaction of somebody else",
                 {{"topic", topic_},
                  {"partition", std::to_string(partition)},
                  {"offset", std::to_string(*served.end)},
                  {"behind_it", std::to_string(*end - *served.end)}});
  }
}

}  // namespace semel::pipeline
