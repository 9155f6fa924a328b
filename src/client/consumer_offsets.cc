// The half of the consumer that knows places: commits, seeks, lags.
#include <algorithm>
#include <thread>

#include "client/consumer_conf.h"
#include "client/consumer_impl.h"
#include "kafka/consumer_calls.h"
#include "kafka/metadata.h"

namespace semel {
namespace {

using Milliseconds = std::chrono::milliseconds;

constexpr int kSliceMs = 20;
constexpr Milliseconds kMoveWithin{5000};
constexpr Milliseconds kBetweenTries{50};

const rd_kafka_topic_partition_t* FirstFailed(const rd_kafka_topic_partition_list_t& list) {
  for (int i = 0; i < list.cnt; ++i)
    if (list.elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) return &list.elems[i];
  return nullptr;
}

}  // namespace

Result<void> Consumer::Impl::Commit(const Offsets& offsets, Milliseconds timeout) {
  const kafka::Deadline deadline(timeout);
  while (true) {
    while (membership_->joining() && !deadline.passed())
      std::this_thread::sleep_for(Milliseconds(deadline.SliceMs(kSliceMs)));
    ServeCommits(0);  // those held before it
    if (membership_->joining())
      return Error{Action::kRetry, "cannot commit " + kafka::Text(offsets) +
                                       ": the group has not finished its rebalance"};
    std::optional<Result<void>> answer;
    SEMEL_TRY_ASSIGN(const std::uintptr_t commit,
                     Send(offsets, [&answer](const Result<void>& result) { answer = result; }));
    while (!answer && !deadline.passed()) ServeCommits(deadline.SliceMs(kSliceMs));
    if (!answer) {
      commits_.erase(commit);
      return Describe(RD_KAFKA_RESP_ERR__TIMED_OUT, "commit " + kafka::Text(offsets));
    }
    if (*answer || answer->error().action != Action::kRetry || deadline.passed()) return *answer;
    std::this_thread::sleep_for(std::min(kBetweenTries, Milliseconds(deadline.LeftMs())));
  }
}

Result<void> Consumer::Impl::CommitAsync(const Offsets& offsets, CommitFunction done) {
  SEMEL_TRY(CheckCommit(offsets));
  held_.push_back({offsets, std::move(done)});
  SendHeld();
  return {};
}

void Consumer::Impl::SendHeld() {
  while (!held_.empty() && !membership_->joining()) {
    const HeldCommit next = std::move(held_.front());
    held_.pop_front();
    if (const auto sent = Send(next.offsets, next.done); !sent) Tell(next.done, sent.error());
  }
}

Result<void> Consumer::Impl::CheckCommit(const Offsets& offsets) const {
  if (options_.group.empty()) return Error{Action::kFix, "committing needs a group"};
  for (const auto& [partition, offset] : offsets) SEMEL_TRY(CheckOurs(partition, Action::kAbort));
  return {};
}

Result<std::uintptr_t> Consumer::Impl::Send(const Offsets& offsets, CommitFunction done) {
  SEMEL_TRY(CheckCommit(offsets));
  const std::uintptr_t commit = ++last_commit_;
  SEMEL_TRY(Check(rd_kafka_commit_queue(rk(), kafka::ToList(offsets).get(), commit_queue_.get(),
                                        nullptr, reinterpret_cast<void*>(commit)),
                  "commit " + kafka::Text(offsets)));
  commits_[commit] = std::move(done);
  return commit;
}

void Consumer::Impl::ServeCommits(int wait_ms) {
  SendHeld();
  while (!commits_.empty()) {
    const kafka::EventPtr event(rd_kafka_queue_poll(commit_queue_.get(), wait_ms));
    if (event == nullptr) return;
    if (rd_kafka_event_type(event.get()) == RD_KAFKA_EVENT_OFFSET_COMMIT) Report(*event);
    wait_ms = 0;
  }
}

void Consumer::Impl::Report(rd_kafka_event_t& event) {
  auto found = commits_.extract(reinterpret_cast<std::uintptr_t>(rd_kafka_event_opaque(&event)));
  if (found.empty()) return;  // nobody waits for it any more
  const rd_kafka_topic_partition_list_t* const list = rd_kafka_event_topic_partition_list(&event);
  rd_kafka_resp_err_t code = rd_kafka_event_error(&event);
  std::string what = "commit";
  if (list != nullptr) {
    const rd_kafka_topic_partition_t* const failed = FirstFailed(*list);
    if (failed != nullptr) code = failed->err;
    what.append(" ").append(kafka::Text(
        failed == nullptr ? kafka::ToOffsets(*list)
                          : Offsets{{{failed->topic, failed->partition}, failed->offset}}));
  }
  // There was nothing to commit.
  if (code == RD_KAFKA_RESP_ERR__NO_OFFSET) code = RD_KAFKA_RESP_ERR_NO_ERROR;
  Tell(found.mapped(), Check(code, what));
}

// When all is over: nothing is ours any more, and no answer will be heard.
void Consumer::Impl::TellUnanswered() {
  for (const HeldCommit& held : std::exchange(held_, {}))
    Tell(held.done, CheckCommit(held.offsets));
  ServeCommits(0);
  for (const auto& [commit, done] : std::exchange(commits_, {}))
    Tell(done, Error{Action::kRetry,
                     "the group has not answered a commit when the consumer was closed; it may "
                     "have been committed all the same"});
}

void Consumer::Impl::Tell(const CommitFunction& done, const Result<void>& result) {
  if (done)
    done(result);
  else if (!result)
    logger().Warning(result.error().message);
}

Offsets Consumer::Impl::Positions() const {
  Offsets offsets;
  for (const auto& [name, partition] : owned_)
    if (partition.next >= 0) offsets[name] = partition.next;
  return offsets;
}

Result<Offsets> Consumer::Impl::Committed(Milliseconds timeout) {
  return AskCommitted(Assignment(), kafka::Deadline(timeout));
}

// An authentication that failed is heard of in a poll only.
Result<void> Consumer::Impl::Answered(rd_kafka_resp_err_t code, const std::string& what) {
  if (code == RD_KAFKA_RESP_ERR_NO_ERROR) return {};
  HearErrors();
  if (connection_->instance->broken()) return *connection_->instance->broken();
  return Describe(code, what);
}

Result<Offsets> Consumer::Impl::AskCommitted(const std::vector<TopicPartition>& partitions,
                                             const kafka::Deadline& deadline) {
  Offsets asked;
  if (options_.group.empty() || partitions.empty()) return asked;
  for (const TopicPartition& partition : partitions) asked[partition] = RD_KAFKA_OFFSET_INVALID;
  const kafka::PartitionListPtr list = kafka::ToList(asked);
  const std::string what = "read the offsets of group " + options_.group;
  SEMEL_TRY(Answered(rd_kafka_committed(rk(), list.get(), deadline.LeftMs()), what));
  if (const auto* const failed = FirstFailed(*list); failed != nullptr)
    return Describe(failed->err, what + " in " + kafka::Name(failed->topic, failed->partition));
  Offsets found = kafka::ToOffsets(*list);
  std::erase_if(found, [](const auto& entry) { return entry.second < 0; });
  return found;
}

// The first offsets at these times, which may be librdkafka's (and Kafka's) logical ones: the first
// and the last. Past the last message: RD_KAFKA_OFFSET_END.
Result<Offsets> Consumer::Impl::Ask(const Offsets& times, const kafka::Deadline& deadline) {
  if (times.empty()) return times;
  const kafka::PartitionListPtr list = kafka::ToList(times);
  const std::string what = "find the offsets";
  SEMEL_TRY(Answered(rd_kafka_offsets_for_times(rk(), list.get(), deadline.LeftMs()), what));
  if (const auto* const failed = FirstFailed(*list); failed != nullptr)
    return Describe(failed->err, what + " of " + kafka::Name(failed->topic, failed->partition));
  return kafka::ToOffsets(*list);
}

Result<Offsets> Consumer::Impl::Lag(Milliseconds timeout) {
  const kafka::Deadline deadline(timeout);
  Offsets ends;
  Offsets unknown;
  for (const auto& [name, partition] : owned_) {
    ends[name] = RD_KAFKA_OFFSET_END;
    if (partition.next < 0) unknown[name] = partition.next;
  }
  SEMEL_TRY_ASSIGN(const Offsets found, Ask(unknown, deadline));
  SEMEL_TRY_ASSIGN(Offsets lag, Ask(ends, deadline));
  for (auto& [name, end] : lag) {
    const auto position = found.find(name);
    end -= position == found.end() ? owned_.at(name).next : position->second;
    end = std::max<std::int64_t>(end, 0);
  }
  return lag;
}

bool Consumer::Impl::AtEnd() const {
  return announced_.empty() && !owned_.empty() &&
         std::all_of(owned_.begin(), owned_.end(),
                     [](const auto& entry) { return entry.second.end_reached; });
}

// The beginning stays a logical offset: as a number it could be deleted before it is read.
Result<Offsets> Consumer::Impl::Locate(Places places, const kafka::Deadline& deadline) {
  std::vector<TopicPartition> asked;
  for (const auto& [name, place] : places)
    if (place.kind == Place::Kind::kCommitted) asked.push_back(name);
  SEMEL_TRY_ASSIGN(Offsets offsets, AskCommitted(asked, deadline));
  for (const TopicPartition& name : asked)
    if (!offsets.contains(name)) places[name] = options_.start;
  Offsets times;
  Offsets lasts;
  for (const auto& [name, place] : places) {
    if (place.kind == Place::Kind::kOffset) offsets[name] = place.value;
    if (place.kind == Place::Kind::kBeginning) offsets[name] = RD_KAFKA_OFFSET_BEGINNING;
    if (place.kind == Place::Kind::kEnd || place.kind == Place::Kind::kLast)
      times[name] = RD_KAFKA_OFFSET_END;
    if (place.kind == Place::Kind::kLast) lasts[name] = RD_KAFKA_OFFSET_BEGINNING;
    if (place.kind == Place::Kind::kTime) times[name] = std::max<std::int64_t>(place.value, 0);
  }
  SEMEL_TRY_ASSIGN(Offsets found, Ask(times, deadline));
  Offsets ends;
  for (const auto& [name, offset] : found)
    if (offset == RD_KAFKA_OFFSET_END) ends[name] = RD_KAFKA_OFFSET_END;
  SEMEL_TRY_ASSIGN(const Offsets found_ends, Ask(ends, deadline));
  for (const auto& [name, offset] : found_ends) found[name] = offset;
  SEMEL_TRY_ASSIGN(const Offsets beginnings, Ask(lasts, deadline));
  for (const auto& [name, first] : beginnings)
    found[name] = std::max(found.at(name) - places.at(name).value, first);
  offsets.merge(found);
  return offsets;
}

Result<void> Consumer::Impl::Seek(const Places& places, Milliseconds timeout) {
  const kafka::Deadline deadline(timeout);
  for (const auto& [name, place] : places) {
    SEMEL_TRY(CheckOurs(name, Action::kFail));
    SEMEL_TRY(CheckPlace(place, NameOf(name)));
  }
  SEMEL_TRY_ASSIGN(const Offsets offsets, Locate(places, deadline));
  Offsets moved;
  for (const auto& [name, offset] : offsets) {
    OwnedPartition& partition = owned_.at(name);
    Drop(name, partition);
    PlaceAt(partition, offset);
    if (partition.fetching && !partition.paused) moved[name] = offset;  // Resume moves the others
  }
  return Move(moved, deadline);
}

Result<void> Consumer::Impl::Move(const Offsets& offsets, const kafka::Deadline& deadline) const {
  return kafka::MoveTo(*connection_->instance, offsets, deadline);
}

Result<void> Consumer::Impl::Pause(const std::vector<TopicPartition>& partitions) {
  Offsets paused;
  for (const TopicPartition& name : partitions) {
    SEMEL_TRY(CheckOurs(name, Action::kFail));
    OwnedPartition& partition = owned_.at(name);
    partition.paused = true;
    Drop(name, partition);
    if (partition.fetching) paused[name] = RD_KAFKA_OFFSET_INVALID;
  }
  if (paused.empty()) return {};
  return Check(rd_kafka_pause_partitions(rk(), kafka::ToList(paused).get()), "pause partitions");
}

// Moved first: what was buffered when they were paused has to come again.
Result<void> Consumer::Impl::Resume(const std::vector<TopicPartition>& partitions) {
  Offsets resumed;
  for (const TopicPartition& name : partitions) {
    SEMEL_TRY(CheckOurs(name, Action::kFail));
    const OwnedPartition& partition = owned_.at(name);
    if (partition.paused && partition.fetching) resumed[name] = partition.next;
  }
  if (!resumed.empty()) {
    SEMEL_TRY(Move(resumed, kafka::Deadline(kMoveWithin)));
    SEMEL_TRY(
        Check(rd_kafka_resume_partitions(rk(), kafka::ToList(resumed).get()), "resume partitions"));
  }
  for (const TopicPartition& name : partitions) owned_.at(name).paused = false;
  return {};
}

Result<std::int32_t> Consumer::Impl::PartitionCount(const std::string& topic,
                                                    Milliseconds timeout) {
  const kafka::TopicPtr handle(rd_kafka_topic_new(rk(), topic.c_str(), nullptr));
  if (handle == nullptr) return Describe(rd_kafka_last_error(), "read topic " + topic);
  SEMEL_TRY_ASSIGN(
      const kafka::MetadataPtr metadata,
      kafka::AskMetadata(*connection_->instance, handle.get(), false, kafka::Deadline(timeout),
                         "look for topic " + topic, [this] { HearErrors(); }));
  const rd_kafka_resp_err_t code =
      metadata->topic_cnt == 1 ? metadata->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
  if (code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    return Error{Action::kFix, "there is no topic " + topic + "; check its name"};
  SEMEL_TRY(Check(code, "look for topic " + topic));
  return metadata->topics[0].partition_cnt;
}

}  // namespace semel
