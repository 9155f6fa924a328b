#include "pipeline/record_router.h"

#include <algorithm>
#include <utility>

#include "pipeline/effective_time.h"

namespace semel::pipeline {

Result<void> RecordRouter::Route(std::span<const Record> run, const RejectedRecords& rejected,
                                 std::int64_t now_ms, Stage& stage, kafka::RecordSink& sink,
                                 metrics::PartitionSnapshot& tally) {
  SEMEL_TRY(Classify(run, rejected, now_ms, stage));
  for (std::size_t i = 0; i < run.size(); ++i) {
    ++tally.read;
    Count(judged_[i].kind, tally);
    SEMEL_TRY(Forward(run[i], judged_[i], rejected, sink));
  }
  return {};
}

Result<void> RecordRouter::Classify(std::span<const Record> run, const RejectedRecords& rejected,
                                    std::int64_t now_ms, Stage& stage) {
  judged_.assign(run.size(), Judged{});
  pending_.clear();
  pending_observed_.clear();
  pending_index_.clear();
  observed_ms_ = 0;
  for (std::size_t i = 0; i < run.size(); ++i) {
    const Record& record = run[i];
    const std::int64_t time_ms = EffectiveTime(record.timestamp_ms, now_ms);
    const Identity identity = fingerprinter_.Identify(record);
    const bool refused = !rejected.empty() && rejected.contains({record.partition, record.offset});
    const bool judge_missing = settings_.policies.missing.kind == Policy::Kind::kDedup;
    const bool identified = identity.outcome == Outcome::kOk ||
                            (identity.outcome == Outcome::kMissing && judge_missing);
    if (identified && !refused) {
      pending_.push_back({identity.fingerprint, time_ms, record.offset});
      pending_observed_.push_back(std::exchange(observed_ms_, 0));
      pending_index_.push_back(i);
      continue;
    }
    // Stream time advances in the order of the records.
    observed_ms_ = std::max(observed_ms_, time_ms);
    if (identity.outcome == Outcome::kInvalid && !framing_told_ && record.value &&
        LooksLikeSchemaRegistryFraming(*record.value)) {
      framing_told_ = true;
      log_.Warning(
          "the value looks like Schema Registry framing (binary), which a json: part cannot read; "
          "identify events by key, header:NAME or value",
          {{"topic", settings_.from},
           {"partition", std::to_string(record.partition)},
           {"offset", std::to_string(record.offset)}});
    }
    judged_[i].kind = refused                                 ? Kind::kRejected
                      : identity.outcome == Outcome::kInvalid ? Kind::kInvalid
                                                              : Kind::kMissing;
    if (!refused || !identified) continue;
    SEMEL_TRY(JudgePending(stage));
    SEMEL_TRY(stage.Release({identity.fingerprint, time_ms, record.offset}));
  }
  return JudgePending(stage);
}

/// Also what was observed behind the last of them.
Result<void> RecordRouter::JudgePending(Stage& stage) {
  judgements_.resize(pending_.size());
  if (!pending_.empty()) SEMEL_TRY(stage.Judge(pending_, pending_observed_, judgements_));
  if (observed_ms_ > 0) SEMEL_TRY(stage.Observe(std::exchange(observed_ms_, 0)));
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    Judged& judged = judged_[pending_index_[i]];
    judged.first_offset = judgements_[i].first_offset;
    judged.first_partition = judgements_[i].first_partition;
    switch (judgements_[i].verdict) {
      case Verdict::kUnique:
        judged.kind = Kind::kUnique;
        break;
      case Verdict::kDuplicate:
        judged.kind = Kind::kDuplicate;
        break;
      case Verdict::kLate:
        judged.kind = Kind::kLate;
        break;
    }
  }
  pending_.clear();
  pending_observed_.clear();
  pending_index_.clear();
  return {};
}

Result<void> RecordRouter::Forward(const Record& record, const Judged& judged,
                                   const RejectedRecords& rejected, kafka::RecordSink& sink) {
  const kafka::OutgoingRecord as_it_is{.topic = kOutputTopic,
                                       .partition = record.partition,
                                       .key = record.key,
                                       .value = record.value,
                                       .headers = record.headers,
                                       .timestamp_ms = record.timestamp_ms};
  if (judged.kind == Kind::kUnique) return sink.Produce(as_it_is);
  const Policy& policy = PolicyOf(judged.kind);
  switch (policy.kind) {
    case Policy::Kind::kPass:
      return sink.Produce(as_it_is);
    case Policy::Kind::kDrop:
      return {};
    case Policy::Kind::kTopic:
      return ToTopic(record, Reason(judged.kind, record, rejected), policy.topic, sink);
    case Policy::Kind::kMark:
      return Marked(record, judged, sink);
    case Policy::Kind::kFail:
    case Policy::Kind::kDedup:
      return Failed(record, Reason(judged.kind, record, rejected));
  }
  return {};
}

Result<void> RecordRouter::ToTopic(const Record& record, const std::string& reason,
                                   kafka::TopicIndex topic, kafka::RecordSink& sink) {
  const std::string partition = std::to_string(record.partition);
  const std::string offset = std::to_string(record.offset);
  headers_.assign(record.headers.begin(), record.headers.end());
  headers_.push_back({"semel-reason", reason});
  headers_.push_back({"semel-topic", settings_.from});
  headers_.push_back({"semel-partition", partition});
  headers_.push_back({"semel-offset", offset});
  return sink.Produce(
      {.topic = topic,
       .partition = record.partition % settings_.topics[static_cast<std::size_t>(topic)].partitions,
       .key = record.key,
       .value = record.value,
       .headers = headers_,
       .timestamp_ms = record.timestamp_ms});
}

Result<void> RecordRouter::Marked(const Record& record, const Judged& judged,
                                  kafka::RecordSink& sink) {
  const kafka::Partition partition =
      judged.first_partition < 0 ? record.partition : judged.first_partition;
  const std::string first =
      settings_.from + "/" + std::to_string(partition) + "/" + std::to_string(judged.first_offset);
  headers_.assign(record.headers.begin(), record.headers.end());
  headers_.push_back({"semel-duplicate-of", first});
  return sink.Produce({.topic = kOutputTopic,
                       .partition = record.partition,
                       .key = record.key,
                       .value = record.value,
                       .headers = headers_,
                       .timestamp_ms = record.timestamp_ms});
}

Error RecordRouter::Failed(const Record& record, const std::string& reason) const {
  return {
      Action::kStop,
      "topic " + settings_.from + " partition " + std::to_string(record.partition) + " offset " +
          std::to_string(record.offset) + ": " + reason +
          ", and the policy for such records is `fail`. Nothing of it was committed; set another "
          "policy (pass, drop or topic:NAME) and start again"};
}

const Policy& RecordRouter::PolicyOf(Kind kind) const {
  const Policies& policies = settings_.policies;
  switch (kind) {
    case Kind::kMissing:
      return policies.missing;
    case Kind::kInvalid:
      return policies.invalid;
    case Kind::kLate:
      return policies.late;
    case Kind::kRejected:
      return policies.rejected;
    case Kind::kUnique:
    case Kind::kDuplicate:
      break;
  }
  return policies.duplicate;
}

void RecordRouter::Count(Kind kind, metrics::PartitionSnapshot& tally) {
  switch (kind) {
    case Kind::kUnique:
      ++tally.unique;
      break;
    case Kind::kDuplicate:
      ++tally.duplicates;
      break;
    case Kind::kMissing:
      ++tally.missing;
      break;
    case Kind::kInvalid:
      ++tally.invalid;
      break;
    case Kind::kLate:
      ++tally.late;
      break;
    case Kind::kRejected:
      ++tally.rejected;
      break;
  }
}

std::string RecordRouter::Reason(Kind kind, const Record& record,
                                 const RejectedRecords& rejected) const {
  switch (kind) {
    case Kind::kMissing:
      return "missing: a part of the key rule is absent or null";
    case Kind::kInvalid:
      return "invalid: not one valid JSON text, or ambiguous";
    case Kind::kLate:
      return "late: older than the window before stream time";
    case Kind::kRejected:
      return "rejected: " + rejected.at({record.partition, record.offset});
    case Kind::kUnique:
    case Kind::kDuplicate:
      break;
  }
  return "duplicate";
}

}  // namespace semel::pipeline
