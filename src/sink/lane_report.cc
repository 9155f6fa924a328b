#include "sink/lane_report.h"

#include <algorithm>
#include <utility>

namespace semel::sink {
namespace {

constexpr std::chrono::milliseconds kEvery{200};

}  // namespace

LaneReport::LaneReport(metrics::SinkBoard& board, const Clock& clock, std::string topic,
                       std::string table)
    : board_(board), clock_(clock) {
  snapshot_.topic = std::move(topic);
  snapshot_.table = std::move(table);
}

metrics::SinkPartition& LaneReport::Row(kafka::Partition partition) {
  auto& rows = snapshot_.partitions;
  const auto place =
      std::ranges::lower_bound(rows, partition, {}, &metrics::SinkPartition::partition);
  if (place != rows.end() && place->partition == partition) return *place;
  return *rows.insert(place, {.partition = partition});
}

void LaneReport::Count(const Tally& tally, const std::map<kafka::Partition, std::uint64_t>& taken) {
  ++snapshot_.committed;
  snapshot_.rows += tally.rows;
  snapshot_.duplicates += tally.duplicates;
  snapshot_.invalid += tally.invalid;
  for (const auto& [partition, records] : taken) {
    snapshot_.read += records;
    Row(partition).read += records;
  }
}

void LaneReport::Publish(const OwnedPartitions& owned, bool connected,
                         kafka::InputConsumer& consumer) {
  next_ = clock_.Now() + kEvery;
  snapshot_.connected = connected;
  snapshot_.fetching =
      std::ranges::all_of(owned, [](const auto& entry) { return entry.second.fetching; });
  // Of partitions that are others' now only what was counted stays.
  for (auto& row : snapshot_.partitions) row.position = row.end = -1;
  for (const auto& [partition, part] : owned) {
    auto& row = Row(partition);
    row.position = part.fetching ? part.committed : -1;
    row.end = consumer.KnownEnd(partition).value_or(-1);
  }
  board_.Publish(snapshot_);
}

void LaneReport::PublishNowAndThen(const OwnedPartitions& owned, bool connected,
                                   kafka::InputConsumer& consumer) {
  if (clock_.Now() < next_) return;
  Publish(owned, connected, consumer);
  ShowPositions(owned, consumer);
}

void LaneReport::ShowPositions(const OwnedPartitions& owned, kafka::InputConsumer& consumer) {
  Positions fresh;
  for (const auto& [partition, part] : owned) {
    if (!part.fetching) continue;
    const auto [shown, first] = shown_.try_emplace(partition, -1);
    if (std::exchange(shown->second, part.committed) != part.committed)
      fresh[partition] = part.committed;
  }
  consumer.CommitForDisplay(fresh);
}

}  // namespace semel::sink
