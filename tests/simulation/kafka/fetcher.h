// Fetches partitions ahead into one queue, as librdkafka does: a request to each broker at a time,
// with all that it leads. What was fetched before a partition was moved, stopped or paused is
// dropped when it comes up.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "client_parts.h"

namespace semel::simulation {

struct FetchedItem {
  enum class Kind : std::uint8_t { kRecord, kEnd, kError, kOther };
  Kind kind = Kind::kRecord;
  ErrorCode error = kNoError;
  bool behind_end = false;  ///< of an offset that is out of range
  const TopicPartition* where = nullptr;
  std::uint64_t version = 0;
  kafka::Offset offset = 0;
  const StoredRecord* record = nullptr;
};

class Fetcher {
 public:
  Fetcher(const ClientParts& parts, const std::string& name, bool read_committed, Duration wait);

  void Start(const TopicPartition& where, kafka::Offset from);
  void Stop(const TopicPartition& where);
  void Seek(const TopicPartition& where, kafka::Offset to);
  void Pause(const TopicPartition& where);
  void Resume(const TopicPartition& where);
  /// Everything, as during a rebalance; what was started by itself goes on after it.
  void PauseAll();
  void ResumeAll();

  /// Behind all that was fetched.
  void Push(std::function<void()> other);
  /// The next one that is not outdated.
  std::optional<FetchedItem> Next();
  /// Of the kOther that came last.
  std::function<void()> TakeOther();
  std::optional<kafka::Offset> KnownEnd(const TopicPartition& where) const;

  Signal& arrived() { return arrived_; }

 private:
  struct Position {
    kafka::Offset fetch = 0;  ///< next to ask for
    kafka::Offset app = 0;    ///< next to hand out
    kafka::Offset end_told = -1;
    kafka::Offset high = -1;  ///< as it was last seen
    std::uint64_t version = 0;
    std::size_t queued = 0;
    bool started = false;
    bool paused = false;
    bool halted = false;  ///< by an error
  };

  void Outdate(Position& position);
  void Pump();
  void Request(BrokerId broker, FetchRequest request);
  void Take(FetchAnswer::Part& part);

  ClientParts parts_;
  const bool read_committed_;
  const Duration wait_;
  Timers timers_;
  Channels channels_;
  Signal arrived_;
  std::map<TopicPartition, Position> positions_;  // stay, so that items refer to them
  std::set<BrokerId> asked_;
  std::deque<FetchedItem> items_;
  std::deque<std::function<void()>> others_;
  std::uint64_t next_version_ = 1;
  bool all_paused_ = false;
  bool pumping_later_ = false;
};

}  // namespace semel::simulation
