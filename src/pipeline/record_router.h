// Judges records and hands each to where its policy says: output, another topic, or nowhere.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/log.h"
#include "kafka/client.h"
#include "metrics/snapshot.h"
#include "pipeline/policy.h"
#include "semel/fingerprint.h"
#include "semel/seen_set.h"

namespace semel::pipeline {

/// Records that the brokers refused to take, by partition and offset, with what they said.
using RejectedRecords = std::map<std::pair<kafka::Partition, kafka::Offset>, std::string>;

/// Threads: one at a time.
class RecordRouter {
 public:
  RecordRouter(const LaneSettings& settings, Fingerprinter fingerprinter, Logger& log)
      : settings_(settings), fingerprinter_(std::move(fingerprinter)), log_(log) {}

  /// Judges `run`, consecutive records of one partition, and produces what goes on, in their order.
  /// Errors: kStop when a policy says `fail`; those of Produce.
  Result<void> Route(std::span<const Record> run, const RejectedRecords& rejected,
                     std::int64_t now_ms, Stage& stage, kafka::RecordSink& sink,
                     metrics::PartitionSnapshot& tally);

 private:
  enum class Kind : std::uint8_t { kUnique, kDuplicate, kMissing, kInvalid, kLate, kRejected };

  struct Judged {
    Kind kind = Kind::kUnique;
    kafka::Offset first_offset = -1;
    kafka::Partition first_partition = -1;  ///< -1: the record's own
  };

  Result<void> Classify(std::span<const Record> run, const RejectedRecords& rejected,
                        std::int64_t now_ms, Stage& stage);
  Result<void> JudgePending(Stage& stage);
  Result<void> Forward(const Record& record, const Judged& judged, const RejectedRecords& rejected,
                       kafka::RecordSink& sink);
  Result<void> ToTopic(const Record& record, const std::string& reason, kafka::TopicIndex topic,
                       kafka::RecordSink& sink);
  Result<void> Marked(const Record& record, const Judged& judged, kafka::RecordSink& sink);
  Error Failed(const Record& record, const std::string& reason) const;
  const Policy& PolicyOf(Kind kind) const;
  static void Count(Kind kind, metrics::PartitionSnapshot& tally);
  std::string Reason(Kind kind, const Record& record, const RejectedRecords& rejected) const;

  const LaneSettings& settings_;
  Fingerprinter fingerprinter_;
  Logger& log_;
  bool framing_told_ = false;

  // Scratch memory, kept from run to run.
  std::vector<Judged> judged_;
  std::vector<Sighting> pending_;
  std::vector<std::int64_t> pending_observed_;  // before each of them
  std::vector<std::size_t> pending_index_;
  std::int64_t observed_ms_ = 0;  // since the last of them
  std::vector<Judgement> judgements_;
  std::vector<Header> headers_;
};

}  // namespace semel::pipeline
