// The half of Cluster that reads and writes partitions.
#include <algorithm>
#include <utility>

#include "cluster.h"

namespace semel::simulation {

void Cluster::Produce(BrokerId at, const ProduceRequest& request, Reply<Produced> reply) {
  ErrorCode error = kNoError;
  const TopicPartition where{request.topic, request.partition};
  Partition* const partition = LedBy(at, where, error);
  if (partition == nullptr) return reply({.error = error});
  if (UpCount() < options_.min_insync)
    return reply({.error = RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS});
  // Of a transaction that a partition does not know, the coordinator is asked (KIP-890, part 1).
  if (request.batch.transactional && !partition->log->HasOpen(request.batch.producer.id)) {
    error = transactions_.Verify(request.transactional_id, request.batch.producer,
                                 {request.topic, request.partition});
    if (error != kNoError) return reply({.error = error});
  }
  const auto appended = partition->log->Append(request.batch, scheduler_.WallMs());
  reply({appended.error, appended.first, appended.append_time_ms});
}

struct Cluster::PendingFetch {
  BrokerId at;
  FetchRequest request;
  Reply<FetchAnswer> reply;
  bool answered = false;
  std::uint64_t turn = 0;
};

void Cluster::Fetch(BrokerId at, const FetchRequest& request, Reply<FetchAnswer> reply) {
  auto fetch = std::make_shared<PendingFetch>(PendingFetch{at, request, std::move(reply)});
  if (TryAnswer(fetch, request.wait <= Duration::zero())) return;
  scheduler_.After(request.wait, [this, fetch] { TryAnswer(fetch, true); });
}

/// True when it is answered. Otherwise it is tried again when one of its partitions has moved.
bool Cluster::TryAnswer(const std::shared_ptr<PendingFetch>& fetch, bool time_is_up) {
  if (fetch->answered) return true;
  if (!Up(fetch->at)) return fetch->answered = true;
  if (!Awake(fetch->at)) {
    WhenRunning(fetch->at, [this, fetch, time_is_up] { TryAnswer(fetch, time_is_up); });
    return false;
  }
  FetchAnswer answer;
  bool news = time_is_up;
  for (const auto& position : fetch->request.positions)
    answer.parts.push_back(Read(fetch->request, position, fetch->at, news));
  if (!news) {
    const std::uint64_t turn = ++fetch->turn;
    for (const auto& position : fetch->request.positions) {
      logs_.at(position.where)
          .log->WhenMoved(fetch, [this, turn, weak = std::weak_ptr<PendingFetch>(fetch)] {
            if (const auto found = weak.lock(); found->turn == turn) TryAnswer(found, false);
          });
    }
    return false;
  }
  fetch->answered = true;
  fetch->reply(std::move(answer));
  return true;
}

FetchAnswer::Part Cluster::Read(const FetchRequest& request, const FetchRequest::Position& position,
                                BrokerId at, bool& news) {
  FetchAnswer::Part part{.asked = position, .next = position.offset};
  const View view = ViewAt(at, position.where, part.error);
  part.high = view.high;
  part.last_stable = view.last_stable;
  if (view.log != nullptr && (position.offset < view.log->low() || position.offset > view.high))
    part.error = RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE;
  if (part.error != kNoError) {
    news = true;
    return part;
  }
  const PartitionLog& log = *view.log;
  const kafka::Offset end = request.read_committed ? part.last_stable : part.high;
  std::size_t bytes = 0;
  for (; part.next < end && bytes < request.max_bytes; ++part.next) {
    const StoredRecord& record = log.at(part.next);
    const bool marker = record.state == StoredRecord::State::kMarker;
    bytes += record.Bytes();
    if (!marker && (!request.read_committed || log.Visible(part.next)))
      part.records.emplace_back(part.next, &record);
  }
  news |= part.next > position.offset;
  return part;
}

void Cluster::ListOffsets(BrokerId at, const TopicPartition& where, bool read_committed,
                          Reply<Ends> reply) {
  ErrorCode error = kNoError;
  const View view = ViewAt(at, where, error);
  if (view.log == nullptr) return reply({.error = error});
  reply({.low = view.log->low(), .end = read_committed ? view.last_stable : view.high});
}

void Cluster::OffsetAt(BrokerId at, const TopicPartition& where, std::int64_t time_ms,
                       Reply<FoundOffset> reply) {
  ErrorCode error = kNoError;
  const View view = ViewAt(at, where, error);
  if (view.log == nullptr) return reply({.error = error});
  reply({.offset = view.log->OffsetAt(time_ms, view.high)});
}

}  // namespace semel::simulation
