#include "scripted_producer.h"

#include <algorithm>

namespace semel::testing {
namespace {

std::optional<std::string> Owned(const Bytes& bytes) {
  return bytes ? std::optional<std::string>(*bytes) : std::nullopt;
}

}  // namespace

ScriptedProducer::~ScriptedProducer() {
  if (!kafka_.killed) CheckMemory();
  kafka_.producers.erase(this);
  kafka_.trace.push_back("producer gone");
}

Error ScriptedProducer::Failed(Error error) {
  tainted_ = true;
  if (error.action != Action::kRetry) phase_ = Phase::kFailed;
  return error;
}

Error ScriptedProducer::FencedError() const {
  return {Action::kFenced, "transactional id " + kafka_.transactional_id + " was taken"};
}

bool ScriptedProducer::Expect(Phase phase, const char* call) {
  if (phase_ == phase) return true;
  ScriptedKafka::Breach(std::string(call) + " in phase " +
                        std::to_string(static_cast<int>(phase_)));
  return false;
}

Result<void> ScriptedProducer::Init(kafka::Milliseconds timeout) {
  Expect(Phase::kNew, "Init");
  if (const auto entered = kafka_.Enter(Call::kInit, "init"); !entered) {
    TimeOut(kafka_.clock, timeout);
    return entered.error().action == Action::kRetry ? entered.error() : Failed(entered.error());
  }
  epoch_ = kafka_.broker.Init(kafka_.transactional_id);
  phase_ = Phase::kReady;
  return {};
}

Result<void> ScriptedProducer::Begin() {
  // Of a tainted producer a delayed request could decide the next transaction (KAFKA-17754).
  if (tainted_) ScriptedKafka::Breach("Begin on a tainted producer");
  Expect(Phase::kReady, "Begin");
  if (const auto entered = kafka_.Enter(Call::kBegin, "begin"); !entered)
    return Failed(entered.error());
  phase_ = Phase::kOpen;
  if (!Fenced()) kafka_.broker.Begin(epoch_, kafka_.clock.Now());
  return {};
}

Result<void> ScriptedProducer::Produce(const kafka::OutgoingRecord& record) {
  Expect(Phase::kOpen, "Produce");
  const std::string& topic = kafka_.topics.out.at(static_cast<std::size_t>(record.topic));
  if (const auto entered =
          kafka_.Enter(Call::kProduce, "produce " + topic + "/" + std::to_string(record.partition));
      !entered) {
    return Failed(entered.error());
  }
  StoredRecord copy{
      .time_ms = record.timestamp_ms, .key = Owned(record.key), .value = Owned(record.value)};
  for (const Header& header : record.headers)
    copy.headers.push_back({std::string(header.name), Owned(header.value)});
  if (kafka_.refuses_at_produce && kafka_.refuses && kafka_.refuses(topic, copy))
    return Failed({Action::kRejectRecord, "a record is refused"});
  queued_.push_back({record, std::move(copy)});
  queued_.back().given.headers = {};
  return {};
}

/// What the broker gets is read from the caller's memory now, not when it was queued.
void ScriptedProducer::Send() {
  CheckMemory();
  if (Fenced()) return;
  for (Queued& queued : queued_) {
    if (std::exchange(queued.sent, true)) continue;
    const std::string& topic = kafka_.topics.out.at(static_cast<std::size_t>(queued.given.topic));
    StoredRecord record = queued.copy;
    record.key = Owned(queued.given.key);
    record.value = Owned(queued.given.value);
    if (kafka_.refuses && kafka_.refuses(topic, record)) {
      queued.sent = false;
      continue;  // of its own partition only; the others' batches are taken
    }
    if (record.time_ms < 0) record.time_ms = kafka_.clock.WallMs();
    const std::int64_t time_ms = record.time_ms;
    const auto offset =
        kafka_.broker.Append(epoch_, topic, queued.given.partition, std::move(record));
    if (queued.given.tag != 0) delivered_.push_back({queued.given.tag, offset, time_ms});
  }
}

Result<std::vector<kafka::Delivered>> ScriptedProducer::Flush(kafka::Milliseconds timeout) {
  Expect(Phase::kOpen, "Flush");
  if (const auto entered = kafka_.Enter(Call::kFlush, "flush"); !entered) {
    TimeOut(kafka_.clock, timeout);
    return Failed(entered.error());
  }
  Send();
  if (Fenced()) return Failed(FencedError());
  if (std::any_of(queued_.begin(), queued_.end(), [](const Queued& q) { return !q.sent; }))
    return Failed({Action::kRejectRecord, "a record of the batch is refused"});
  queued_.clear();
  phase_ = Phase::kFlushed;
  return std::exchange(delivered_, {});
}

Result<void> ScriptedProducer::SendOffsets(
    const std::map<kafka::Partition, kafka::CommittedOffset>& offsets,
    const kafka::GroupToken& token, kafka::Milliseconds timeout) {
  Expect(Phase::kFlushed, "SendOffsets");
  if (!token.fenced()) ScriptedKafka::Breach("SendOffsets with a token that fences nothing");
  if (const auto entered = kafka_.Enter(Call::kSendOffsets, "send offsets"); !entered) {
    TimeOut(kafka_.clock, timeout);
    return Failed(entered.error());
  }
  if (Fenced()) return Failed(FencedError());
  if (token.generation != kafka_.broker.generation())
    return Failed({Action::kAbort, "not a member of this generation"});
  kafka_.broker.AddOffsets(epoch_, offsets);
  phase_ = Phase::kOffsetsSent;
  return {};
}

kafka::CommitResult ScriptedProducer::Commit(kafka::Milliseconds timeout) {
  using enum CommitFate;
  Expect(Phase::kOffsetsSent, "Commit");
  if (const auto entered = kafka_.Enter(Call::kCommit, "commit"); !entered)
    return {kafka::CommitOutcome::kUnknown, Failed(entered.error())};
  CommitFate fate = kAnswered;
  if (!kafka_.commit_fates.empty()) {
    fate = kafka_.commit_fates.front();
    kafka_.commit_fates.pop_front();
  }
  if (Fenced()) return {kafka::CommitOutcome::kUnknown, Failed(FencedError())};
  if (fate == kAnswered || fate == kAnsweredTainted || fate == kAppliedUnanswered)
    kafka_.broker.End(epoch_, true);
  if (fate == kAppliedByInit) kafka_.broker.Prepare(epoch_);
  if (fate == kAnswered || fate == kAnsweredTainted) {
    phase_ = Phase::kReady;
    tainted_ = tainted_ || fate == kAnsweredTainted;
    return {kafka::CommitOutcome::kCommitted, {}};
  }
  TimeOut(kafka_.clock, timeout);
  return {kafka::CommitOutcome::kUnknown, Failed({Action::kAbort, "no answer to the commit"})};
}

void ScriptedProducer::CheckMemory() const {
  for (const Queued& queued : queued_) {
    if (Owned(queued.given.key) != queued.copy.key ||
        Owned(queued.given.value) != queued.copy.value)
      ScriptedKafka::Breach("the memory of a record changed before it was flushed");
  }
}

bool ScriptedProducer::RefersTo(const char* begin, std::size_t size) const {
  const auto inside = [&](const Bytes& bytes) {
    return bytes && bytes->data() >= begin && bytes->data() < begin + size;
  };
  return std::any_of(queued_.begin(), queued_.end(), [&](const Queued& queued) {
    return inside(queued.given.key) || inside(queued.given.value);
  });
}

bool ScriptedProducer::HasOpen(kafka::Partition partition) const {
  const bool queued = std::any_of(queued_.begin(), queued_.end(), [&](const Queued& q) {
    return q.given.topic <= 1 && q.given.partition == partition;
  });
  if (queued) return true;
  if (Fenced()) return false;
  const auto& [output, changelog] = std::tie(kafka_.topics.out[0], kafka_.topics.out[1]);
  return kafka_.broker.Wrote(epoch_.id, output, partition) ||
         kafka_.broker.Wrote(epoch_.id, changelog, partition);
}

}  // namespace semel::testing
