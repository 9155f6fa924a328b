#include "consumer.h"

#include <algorithm>
#include <chrono>

#include "token.h"

namespace semel::simulation {
namespace {

using std::chrono::milliseconds;
using Kind = kafka::Rebalance::Kind;

constexpr milliseconds kFetchWait{500};
constexpr std::size_t kMostFencings = 3;
constexpr std::size_t kMostCutOffs = 2;
constexpr milliseconds kLeaveWithin{1800};
constexpr std::size_t kMostBytes = std::size_t{4} << 20U;

}  // namespace

/// Views of what the log holds, which stays.
class Consumer::Batch final : public kafka::Batch {
 public:
  void Add(const FetchedItem& item) {
    const StoredRecord& stored = *item.record;
    const auto view = [](const std::optional<std::string>& bytes) {
      return bytes ? Bytes(*bytes) : std::nullopt;
    };
    if (!stored.headers.empty()) headers_.emplace_back();
    for (const StoredHeader& header : stored.headers)
      headers_.back().push_back({header.name, view(header.value)});
    records_.push_back({.partition = item.where->second,
                        .offset = item.offset,
                        .timestamp_ms = stored.time_ms,
                        .key = view(stored.key),
                        .value = view(stored.value),
                        .headers = {}});
    if (!stored.headers.empty()) records_.back().headers = headers_.back();
    bytes_ += (stored.key ? stored.key->size() : 0) + (stored.value ? stored.value->size() : 0);
  }
  std::span<const Record> records() const override { return records_; }
  std::size_t bytes() const override { return bytes_; }

 private:
  std::vector<Record> records_;
  std::deque<std::vector<Header>> headers_;
  std::size_t bytes_ = 0;
};

Consumer::Consumer(const ClientParts& parts)
    : parts_(parts), repeat_site_(parts.options.name + ".Poll") {
  Connect();
}

void Consumer::Connect() {
  member_.reset();
  fetcher_ = std::make_unique<Fetcher>(parts_, parts_.options.name, true, kFetchWait);
  member_ = std::make_unique<GroupMember>(
      parts_,
      GroupMember::Listener{
          .rebalance =
              [this](Kind kind, Partitions partitions) {
                // librdkafka holds everything back until the application has answered.
                fetcher_->PauseAll();
                fetcher_->Push([this, kind, partitions] { OnRebalance(kind, partitions); });
              },
          .failed =
              [this](ErrorCode error) {
                fetcher_->Push([this, error] {
                  if (error == RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID) {
                    (fencings_.Add(parts_.Now()) > kMostFencings ? error_ : broken_by_) =
                        kafka::ToError(error, {"stay in group " + parts_.options.group, {}});
                  } else {
                    error_ = kafka::ToError(error, {"join group " + parts_.options.group, {}});
                  }
                });
              }});
}

void Consumer::Reconnect() {
  broken_by_.reset();
  fetched_.clear();
  announced_.clear();
  announced_.push_back({Kind::kLost, {owned_.begin(), owned_.end()}});
  Connect();
}

Consumer::~Consumer() {
  const Shield shield(parts_.scheduler());
  if (!leaving_ && parts_.process.alive()) static_cast<void>(Leave(kLeaveWithin));
}

void Consumer::OnRebalance(Kind kind, Partitions partitions) {
  const bool whole = kind == Kind::kAssigned && !parts_.options.cooperative;
  if (whole && !owned_.empty()) announced_.push_back({Kind::kLost, {owned_.begin(), owned_.end()}});
  announced_.push_back({kind, std::move(partitions)});
}

Result<kafka::Polled> Consumer::Poll(kafka::Milliseconds timeout, std::size_t max_records) {
  auto batch = std::make_unique<Batch>();
  kafka::Polled polled;
  member_->Polled();
  const Time deadline = parts_.Now() + timeout;
  bool waits = announced_.empty() && !error_;
  Repeat(*batch);
  while (announced_.empty() && !error_ && !broken_by_ && batch->records().size() < max_records &&
         batch->bytes() < kMostBytes) {
    if (const auto item = fetcher_->Next()) {
      waits = false;
      Handle(*item, polled, *batch);
    } else if (!waits || !parts_.scheduler().WaitUntil(fetcher_->arrived(), deadline, "Poll")) {
      break;
    }
  }
  if (broken_by_) Reconnect();
  if (error_ && batch->records().empty() && announced_.empty()) {
    Error error = std::move(*error_);
    error_.reset();
    return error;
  }
  TakeRebalance(polled);
  polled.batch = std::move(batch);
  return polled;
}

/// librdkafka has handed out an offset twice (#4637): a record comes again, never one too early.
void Consumer::Repeat(Batch& batch) {
  const std::vector<FetchedItem> last = std::exchange(last_, {});
  if (last.empty() || !parts_.cluster.faults().Ask(repeat_site_, {{"offset_twice", 0.001}})) return;
  for (const FetchedItem& item : last) {
    const auto found = fetched_.find(item.where->second);
    if (found != fetched_.end() && found->second.wanted && item.offset < found->second.next)
      batch.Add(item);
  }
}

void Consumer::TakeRebalance(kafka::Polled& polled) {
  if (announced_.empty()) return;
  open_ = std::move(announced_.front());
  announced_.pop_front();
  if (open_->kind == Kind::kLost)
    membership_.Suspend();
  else
    open_->as_new_member = membership_.Renew(TokenOf(member_->Identity()), !owned_.empty());
  if (open_->kind == Kind::kAssigned)
    owned_.insert(open_->partitions.begin(), open_->partitions.end());
  polled.rebalance = open_;
}

void Consumer::Handle(const FetchedItem& item, kafka::Polled& polled, Batch& batch) {
  if (item.kind == FetchedItem::Kind::kOther) return fetcher_->TakeOther()();
  const auto found = fetched_.find(item.where->second);
  const bool wanted =
      found != fetched_.end() && found->second.wanted && item.offset >= found->second.next;
  switch (item.kind) {
    case FetchedItem::Kind::kRecord:
      if (!wanted) return;
      found->second.next = item.offset + 1;
      last_.push_back(item);
      return batch.Add(item);
    case FetchedItem::Kind::kEnd:
      if (wanted) polled.ends.push_back({item.where->second, item.offset});
      return;
    default:
      if (found != fetched_.end() && found->second.wanted)
        (item.behind_end && cut_offs_.Add(parts_.Now()) <= kMostCutOffs ? broken_by_ : error_) =
            kafka::ToError(item.error, {"read " + item.where->first, {}});
  }
}

Result<void> Consumer::Acknowledge(const kafka::Rebalance& rebalance) {
  if (!open_) return Error{Action::kFail, "a rebalance was acknowledged that was not announced"};
  open_.reset();
  if (rebalance.kind == Kind::kAssigned) {
    fetcher_->ResumeAll();
    member_->AssignCalled();
    return {};
  }
  if (!parts_.options.cooperative)
    for (const auto& [partition, fetched] : fetched_) fetcher_->Stop(At(partition));
  for (const kafka::Partition partition : rebalance.partitions) {
    owned_.erase(partition);
    fetched_.erase(partition);
    fetcher_->Stop(At(partition));
  }
  if (!parts_.options.cooperative) fetched_.clear();
  fetcher_->ResumeAll();
  member_->UnassignCalled();
  return {};
}

Result<void> Consumer::StartFetching(const std::map<kafka::Partition, kafka::Offset>& positions) {
  for (const auto& [partition, offset] : positions)
    if (!owned_.contains(partition))
      return Error{Action::kFail, "fetching partition " + std::to_string(partition) +
                                      ", which the group did not give to us"};
  for (const auto& [partition, offset] : positions) {
    fetched_[partition] = {offset, true};
    fetcher_->Start(At(partition), offset);
  }
  // Any call that assigns is the answer to an assignment, also to one that was not seen yet.
  member_->AssignCalled();
  return {};
}

Result<void> Consumer::StopFetching(std::span<const kafka::Partition> partitions) {
  for (const kafka::Partition partition : partitions) {
    const auto found = fetched_.find(partition);
    if (found == fetched_.end() || !found->second.wanted) continue;
    found->second.wanted = false;
    fetcher_->Pause(At(partition));
  }
  return {};
}

Result<void> Consumer::Seek(const std::map<kafka::Partition, kafka::Offset>& positions) {
  for (const auto& [partition, offset] : positions)
    if (const auto found = fetched_.find(partition);
        found == fetched_.end() || !found->second.wanted)
      return Error{Action::kFail,
                   "moving partition " + std::to_string(partition) + ", which is not fetched"};
  for (const auto& [partition, offset] : positions) {
    fetched_[partition].next = offset;
    fetcher_->Seek(At(partition), offset);
  }
  return {};
}

std::optional<kafka::Offset> Consumer::KnownEnd(kafka::Partition partition) {
  return fetcher_->KnownEnd(At(partition));
}

void Consumer::CommitForDisplay(const std::map<kafka::Partition, kafka::Offset>& positions) {
  OffsetMap offsets;
  for (const auto& [partition, offset] : positions) offsets[At(partition)] = {offset, {}};
  if (!offsets.empty()) member_->Commit(offsets);
}

Result<void> Consumer::Leave(kafka::Milliseconds timeout) {
  if (leaving_) return {};
  leaving_ = true;
  membership_.Suspend();
  for (const auto& [partition, fetched] : fetched_) fetcher_->Stop(At(partition));
  struct Left {
    explicit Left(Scheduler& scheduler) : arrived(scheduler) {}
    Signal arrived;
    std::optional<ErrorCode> error;
  };
  const auto left = std::make_shared<Left>(parts_.scheduler());
  member_->Leave([left](ErrorCode error) {
    left->error = error;
    left->arrived.Notify();
  });
  const Time deadline = parts_.Now() + timeout;
  while (!left->error && parts_.scheduler().WaitUntil(left->arrived, deadline, "LeaveGroup")) {
  }
  if (left->error) return {};
  return kafka::ToError(RD_KAFKA_RESP_ERR__TIMED_OUT, {"leave group " + parts_.options.group, {}});
}

}  // namespace semel::simulation
