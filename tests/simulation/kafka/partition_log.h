// One partition of a topic as its brokers keep it: records and the markers that decide
// transactions, each of which takes an offset.
//
// Appends are replicated at once. One that was not when its leader died looks to everybody like a
// request that was never carried out, and those there are plenty of.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "producer_states.h"

namespace semel::simulation {

struct StoredHeader {
  std::string name;
  std::optional<std::string> value;
};

/// As it is on disk. Never moves and never goes, so that readers refer to it.
struct StoredRecord {
  enum class State : std::uint8_t { kPlain, kOpen, kCommitted, kAborted, kMarker };
  State state = State::kPlain;
  std::int64_t time_ms = -1;
  ProducerIdAndEpoch producer{};
  std::optional<std::string> key{};
  std::optional<std::string> value{};
  std::vector<StoredHeader> headers{};

  std::size_t Bytes() const;  ///< about what it takes of a batch
};

/// What one produce request brings for one partition.
struct RecordBatch {
  ProducerIdAndEpoch producer{};  ///< without an id: neither idempotent nor transactional
  std::int32_t first_sequence = -1;
  bool transactional = false;
  std::vector<StoredRecord> records{};
};

struct TopicConfig {
  kafka::Partition partitions = 1;
  std::size_t max_message_bytes = 1'048'588;
  bool log_append_time = false;
};

class PartitionLog {
 public:
  struct Appended {
    ErrorCode error = kNoError;
    kafka::Offset first = -1;
    std::int64_t append_time_ms = -1;  ///< -1: the records' own times hold
  };

  explicit PartitionLog(const TopicConfig& config) : config_(config) {}

  /// `now_ms`: the broker's clock.
  Appended Append(RecordBatch batch, std::int64_t now_ms);
  /// Ends the producer's transaction here. A marker takes an offset even where nothing was open.
  ErrorCode AppendMarker(ProducerIdAndEpoch producer, bool commit, std::int64_t now_ms);

  /// Forgets everything before `offset`, as retention and DeleteRecords do.
  void MoveStart(kafka::Offset offset);

  kafka::Offset low() const { return low_; }
  kafka::Offset high() const { return static_cast<kafka::Offset>(records_.size()); }
  kafka::Offset last_stable() const;
  const StoredRecord& at(kafka::Offset offset) const {
    return records_[static_cast<std::size_t>(offset)];
  }
  /// A read_committed reader gets it; only below last_stable() is that decided.
  bool Visible(kafka::Offset offset) const;
  /// The first offset at or after `time_ms`, below `end`.
  std::optional<kafka::Offset> OffsetAt(std::int64_t time_ms, kafka::Offset end) const;

  bool HasOpen(ProducerId producer) const { return producers_.HasOpen(producer); }

  /// Called once, when high() or last_stable() has moved and `asker` still lives.
  void WhenMoved(std::weak_ptr<void> asker, std::function<void()> call);

 private:
  void Moved();

  TopicConfig config_;
  std::deque<StoredRecord> records_;
  kafka::Offset low_ = 0;
  ProducerStates producers_;
  std::vector<std::pair<std::weak_ptr<void>, std::function<void()>>> waiting_;
};

}  // namespace semel::simulation
