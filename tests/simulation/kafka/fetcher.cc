#include "fetcher.h"

#include <chrono>

namespace semel::simulation {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kQueuedMax = 2000;  // records of a partition that are read ahead
constexpr milliseconds kBackoff{100};

}  // namespace

Fetcher::Fetcher(const ClientParts& parts, const std::string& name, bool read_committed,
                 Duration wait)
    : parts_(parts),
      read_committed_(read_committed),
      wait_(wait),
      timers_(parts),
      channels_(parts, name),
      arrived_(parts.scheduler()) {}

void Fetcher::Outdate(Position& position) {
  position.version = next_version_++;
  position.queued = 0;
  position.end_told = -1;
}

void Fetcher::Start(const TopicPartition& where, kafka::Offset from) {
  Position& position = positions_[where];
  position.fetch = position.app = from;
  position.started = true;
  position.paused = position.halted = false;
  Outdate(position);
  Pump();
}

void Fetcher::Stop(const TopicPartition& where) {
  const auto found = positions_.find(where);
  if (found == positions_.end()) return;
  found->second.started = false;
  Outdate(found->second);
}

void Fetcher::Seek(const TopicPartition& where, kafka::Offset to) {
  Position& position = positions_.at(where);
  position.fetch = position.app = to;
  position.halted = false;
  Outdate(position);
  Pump();
}

void Fetcher::Pause(const TopicPartition& where) {
  Position& position = positions_.at(where);
  position.paused = true;
  Outdate(position);
}

void Fetcher::Resume(const TopicPartition& where) {
  Position& position = positions_.at(where);
  position.paused = false;
  position.fetch = position.app;
  Outdate(position);
  Pump();
}

void Fetcher::PauseAll() {
  all_paused_ = true;
  for (auto& [where, position] : positions_) Outdate(position);
}

void Fetcher::ResumeAll() {
  if (!std::exchange(all_paused_, false)) return;
  for (auto& [where, position] : positions_) {
    position.fetch = position.app;
    Outdate(position);
  }
  Pump();
}

void Fetcher::Push(std::function<void()> other) {
  items_.push_back({.kind = FetchedItem::Kind::kOther});
  others_.push_back(std::move(other));
  arrived_.Notify();
}

std::function<void()> Fetcher::TakeOther() {
  std::function<void()> other = std::move(others_.front());
  others_.pop_front();
  return other;
}

std::optional<FetchedItem> Fetcher::Next() {
  while (!items_.empty()) {
    const FetchedItem item = items_.front();
    items_.pop_front();
    if (item.kind == FetchedItem::Kind::kOther) return item;
    Position& position = positions_.find(*item.where)->second;
    if (!position.started || position.version != item.version) continue;
    if (item.kind == FetchedItem::Kind::kRecord) {
      position.app = item.offset + 1;
      if (position.queued-- == kQueuedMax) Pump();
    }
    return item;
  }
  return std::nullopt;
}

std::optional<kafka::Offset> Fetcher::KnownEnd(const TopicPartition& where) const {
  const auto found = positions_.find(where);
  if (found == positions_.end() || found->second.high < 0) return std::nullopt;
  return found->second.high;
}

void Fetcher::Pump() {
  if (all_paused_) return;
  std::map<BrokerId, FetchRequest> requests;
  bool leaderless = false;
  for (const auto& [where, position] : positions_) {
    if (!position.started || position.paused || position.halted || position.queued >= kQueuedMax)
      continue;
    const BrokerId broker = parts_.cluster.LeaderOf(where);
    leaderless |= broker == kNoBroker;
    if (broker == kNoBroker || asked_.contains(broker)) continue;
    requests[broker].positions.push_back({where, position.fetch, position.version});
  }
  for (auto& [broker, request] : requests) Request(broker, std::move(request));
  if (!leaderless || std::exchange(pumping_later_, true)) return;
  timers_.After(kBackoff, [this] {
    pumping_later_ = false;
    Pump();
  });
}

void Fetcher::Request(BrokerId broker, FetchRequest request) {
  asked_.insert(broker);
  request.read_committed = read_committed_;
  request.wait = wait_;
  Ask<FetchAnswer>(
      channels_.To(broker), "Fetch", parts_.options.socket_timeout + wait_,
      [cluster = &parts_.cluster, request = std::move(request)](BrokerId at, auto reply) {
        cluster->Fetch(at, request, std::move(reply));
      },
      [this, broker](FetchAnswer answer) {
        bool failed = answer.error != kNoError;
        for (FetchAnswer::Part& part : answer.parts) {
          failed |= part.error != kNoError;
          Take(part);
        }
        arrived_.Notify();
        if (!failed) {
          asked_.erase(broker);
          return Pump();
        }
        timers_.After(kBackoff, [this, broker] {
          asked_.erase(broker);
          Pump();
        });
      });
}

/// As rd_kafka_fetch_reply_handle_partition: the end is told by an answer to a request from there.
void Fetcher::Take(FetchAnswer::Part& part) {
  const auto found = positions_.find(part.asked.where);
  Position& position = found->second;
  if (!position.started || position.version != part.asked.version) return;
  FetchedItem item{.where = &found->first, .version = position.version};
  if (part.error != kNoError) {
    if (part.error != RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE) return;
    item.kind = FetchedItem::Kind::kError;
    item.error = RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET;
    item.behind_end = part.asked.offset > part.high;
    position.halted = true;  // until it is moved
    items_.push_back(item);
    return;
  }
  position.high = part.high;
  const kafka::Offset end = read_committed_ ? part.last_stable : part.high;
  if (end == position.fetch && position.end_told != position.fetch) {
    position.end_told = item.offset = position.fetch;
    item.kind = FetchedItem::Kind::kEnd;
    items_.push_back(item);
  }
  item.kind = FetchedItem::Kind::kRecord;
  for (const auto& [offset, record] : part.records) {
    item.offset = offset;
    item.record = record;
    items_.push_back(item);
  }
  position.queued += part.records.size();
  position.fetch = part.next;
}

}  // namespace semel::simulation
