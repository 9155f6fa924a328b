#include "log_reader.h"

#include <algorithm>
#include <chrono>

namespace semel::simulation {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFetchWait{10};
constexpr milliseconds kRetry{100};
constexpr milliseconds kHearsay{2000};
constexpr milliseconds kBetweenLooks{50};

}  // namespace

LogReader::LogReader(const ClientParts& parts)
    : parts_(parts),
      channels_(parts, parts.options.name),
      group_(std::make_shared<Channel>(parts.cluster.network(), parts.process, parts.options.name)),
      committed_(parts, parts.options.name, true, kFetchWait),
      uncommitted_(parts, parts.options.name, false, kFetchWait) {}

Result<std::map<kafka::Partition, kafka::CommittedOffset>> LogReader::Committed(
    std::span<const kafka::Partition> partitions, kafka::Milliseconds timeout) {
  const Time deadline = parts_.Now() + timeout;
  const std::string& group = parts_.options.group;
  std::vector<TopicPartition> asked;
  for (const kafka::Partition partition : partitions)
    asked.emplace_back(parts_.options.input_topic, partition);
  const auto passes = [](ErrorCode error) {
    return Passes(error) || error == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT;
  };
  const std::string what = "read the committed offsets of group " + group;
  while (parts_.Now() < deadline) {
    std::optional<simulation::Fetched> fetched;
    if (const BrokerId broker = parts_.cluster.OffsetsToldBy(group); broker != kNoBroker) {
      group_->SetBroker(broker);
      fetched = AskAndWait<simulation::Fetched>(
          parts_, *group_, "OffsetFetch", deadline,
          [cluster = &parts_.cluster, group, asked](BrokerId at, const auto& reply) {
            reply(cluster->FetchOffsets(at, group, asked));
          });
    }
    if (fetched && fetched->error == kNoError) {
      std::map<kafka::Partition, kafka::CommittedOffset> result;
      for (auto& [where, offset] : fetched->offsets) result[where.second] = std::move(offset);
      return result;
    }
    if (fetched && !passes(fetched->error)) return kafka::ToError(fetched->error, {what, {}});
    if (!parts_.process.alive()) break;
    parts_.scheduler().Sleep(std::min<Duration>(kRetry, deadline - parts_.Now()), "OffsetFetch");
  }
  return kafka::ToError(RD_KAFKA_RESP_ERR__TIMED_OUT, {what, {}});
}

template <typename Answer>
Result<Answer> LogReader::AskLeader(
    const TopicPartition& where, const char* api, Time deadline,
    std::function<void(BrokerId, std::function<void(Answer)>)> serve) {
  const std::string what = "ask for offsets of " + where.first;
  const Time heard = parts_.Now() + kHearsay;
  while (where.second >= parts_.cluster.PartitionsOf(where.first)) {
    if (parts_.Now() >= std::min(heard, deadline) || !parts_.process.alive()) {
      Error error = kafka::ToError(RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, {what, {}});
      error.action = Action::kStop;
      return error;
    }
    parts_.scheduler().Sleep(kBetweenLooks, api);
  }
  while (parts_.Now() < deadline) {
    std::optional<Answer> answer;
    if (const BrokerId broker = parts_.cluster.LeaderOf(where); broker != kNoBroker)
      answer = AskAndWait<Answer>(parts_, channels_.To(broker), api, deadline, serve);
    if (answer && answer->error == kNoError) return std::move(*answer);
    // The first failure is told, once the leader is known anew.
    if (answer) return kafka::ToError(answer->error, {what, {}});
    if (!parts_.process.alive()) break;
    parts_.scheduler().Sleep(std::min<Duration>(kRetry, deadline - parts_.Now()), api);
  }
  return kafka::ToError(RD_KAFKA_RESP_ERR__TIMED_OUT, {what, {}});
}

Result<Ends> LogReader::Query(const TopicPartition& where, bool read_committed, Time deadline) {
  return AskLeader<Ends>(
      where, "ListOffsets", deadline,
      [cluster = &parts_.cluster, where, read_committed](BrokerId at, auto reply) {
        cluster->ListOffsets(at, where, read_committed, std::move(reply));
      });
}

Result<kafka::Watermarks> LogReader::Marks(const std::string& topic, kafka::Partition partition,
                                           kafka::Milliseconds timeout) {
  const Time deadline = parts_.Now() + timeout;
  const TopicPartition where{topic, partition};
  SEMEL_TRY_ASSIGN(const Ends stable, Query(where, true, deadline));
  SEMEL_TRY_ASSIGN(const Ends all, Query(where, false, deadline));
  return kafka::Watermarks{all.low, stable.end, all.end};
}

Result<kafka::Offset> LogReader::OffsetAt(const std::string& topic, kafka::Partition partition,
                                          std::int64_t time_ms, kafka::Milliseconds timeout) {
  const Time deadline = parts_.Now() + timeout;
  const TopicPartition where{topic, partition};
  SEMEL_TRY_ASSIGN(
      const FoundOffset found,
      AskLeader<FoundOffset>(where, "ListOffsets", deadline,
                             [cluster = &parts_.cluster, where, time_ms](BrokerId at, auto reply) {
                               cluster->OffsetAt(at, where, time_ms, std::move(reply));
                             }));
  if (found.offset) return *found.offset;
  SEMEL_TRY_ASSIGN(const Ends all, Query(where, false, deadline));
  return all.end;
}

Result<void> LogReader::Open(const std::string& topic, kafka::Partition partition,
                             kafka::Offset from) {
  Close();
  open_ = {topic, partition};
  committed_.Start(*open_, from);
  return {};
}

Result<kafka::LogSlice> LogReader::Read(kafka::Milliseconds timeout, std::size_t max_bytes) {
  kafka::LogSlice slice;
  std::size_t bytes = 0;
  const Time deadline = parts_.Now() + timeout;
  bool waits = true;
  while (bytes < max_bytes && !slice.end) {
    const auto item = committed_.Next();
    if (!item) {
      if (!waits || !parts_.scheduler().WaitUntil(committed_.arrived(), deadline, "Read")) break;
      continue;
    }
    waits = false;
    if (item->kind == FetchedItem::Kind::kEnd) {
      slice.end = item->offset;
    } else if (item->kind == FetchedItem::Kind::kError) {
      return kafka::ToError(item->error, {"read " + item->where->first, {}});
    } else {
      const auto& value = item->record->value;
      slice.records.push_back({item->offset, item->record->time_ms,
                               value ? std::string_view(*value) : std::string_view()});
      bytes += value ? value->size() : 0;
    }
  }
  return slice;
}

void LogReader::Close() {
  if (open_) committed_.Stop(*open_);
  open_.reset();
}

Result<std::optional<std::string>> LogReader::PeekUncommitted(const std::string& topic,
                                                              kafka::Partition partition,
                                                              kafka::Offset from,
                                                              kafka::Milliseconds timeout) {
  const Time deadline = parts_.Now() + timeout;
  const TopicPartition where{topic, partition};
  SEMEL_TRY_ASSIGN(const Ends all, Query(where, false, deadline));
  if (from >= all.end) return std::optional<std::string>();
  uncommitted_.Start(where, std::max(from, all.low));
  std::optional<FetchedItem> item;
  while (!(item = uncommitted_.Next())) {
    if (!parts_.scheduler().WaitUntil(uncommitted_.arrived(), deadline, "Peek")) break;
  }
  uncommitted_.Stop(where);
  const std::string what = "read " + topic;
  if (!item) return kafka::ToError(RD_KAFKA_RESP_ERR__TIMED_OUT, {what, {}});
  if (item->kind == FetchedItem::Kind::kError) return kafka::ToError(item->error, {what, {}});
  if (item->kind == FetchedItem::Kind::kEnd) return std::optional<std::string>();
  return std::optional<std::string>(item->record->value.value_or(""));
}

}  // namespace semel::simulation
