#include "pipeline/record_router.h"

#include "pipeline/effective_time.h"

namespace semel::pipeline {

Result<void> RecordRouter::Route(std::span<const Record> run, const RejectedRecords& rejected,
                                 std::int64_t now_ms, Stage& stage, kafka::RecordSink& sink,
                                 metrics::PartitionSnapshot& tally) {
  Classify(run, rejected, now_ms, stage);
  for (std::size_t i = 0; i < run.size(); ++i) {
    ++tally.read;
    Count(judged_[i].kind, tally);
    SEMEL_TRY(Forward(run[i], judged_[i], rejected, sink));
  }
  return {};
}

void RecordRouter::Classify(std::span<const Record> run, const RejectedRecords& rejected,
                            std::int64_t now_ms, Stage& stage) {
  judged_.assign(run.size(), Judged{});
  for (std::size_t i = 0; i < run.size(); ++i) {
    const Record& record = run[i];
    const std::int64_t time_ms = EffectiveTime(record.timestamp_ms, now_ms);
    const Identity identity = fingerprinter_.Identify(record);
    const bool refused = !rejected.empty() && rejected.contains({record.partition, record.offset});
    const bool judge_missing = settings_.policies.missing.kind == Policy::Kind::kDedup;
    if (!refused && (identity.outcome == Outcome::kOk ||
                     (identity.outcome == Outcome::kMissing && judge_missing))) {
      pending_.push_back({identity.fingerprint, time_ms, record.offset});
      pending_index_.push_back(i);
      continue;
    }
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
    // Stream time advances in the order of the records, so what came before is judged first.
    JudgePending(stage);
    stage.Observe(time_ms);
  }
  JudgePending(stage);
}

void RecordRouter::JudgePending(Stage& stage) {
  if (pending_.empty()) return;
  judgements_.resize(pending_.size());
  stage.Judge(pending_, judgements_);
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    Judged& judged = judged_[pending_index_[i]];
    judged.first_offset = judgements_[i].first_offset;
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
  pending_index_.clear();
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
      return Marked(record, judged.first_offset, sink);
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

Result<void> RecordRouter::Marked(const Record& record, kafka::Offset first_offset,
                                  kafka::RecordSink& sink) {
  const std::string first =
      settings_.from + "/" + std::to_string(record.partition) + "/" + std::to_string(first_offset);
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
