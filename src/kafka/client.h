// The one interface through which the pipeline sees Kafka. librdkafka (src/kafka/rdkafka_*) is one
// implementation, the scripted fake of the tests another.
//
// Every call that can wait takes a time-out and returns within it (plus scheduling). None throws.
// Threads: an object serves one thread at a time; different objects may be used by different
// threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "semel/record.h"
#include "semel/result.h"

namespace semel::kafka {

using Milliseconds = std::chrono::milliseconds;
using Partition = std::int32_t;
using Offset = std::int64_t;

/// Records of one poll. Owns the memory that the records point into: keep it until the transaction
/// they went into has had its last delivery report, also through an abort.
class Batch {
 public:
  Batch() = default;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  virtual ~Batch() = default;
  virtual std::span<const Record> records() const = 0;
  virtual std::size_t bytes() const = 0;  ///< of their keys and values
};

/// A change of ownership. After one was returned by Poll the caller finishes what it owes to the
/// partitions (commit or roll back), stops fetching them, and calls Acknowledge.
struct Rebalance {
  enum class Kind {
    kAssigned,  ///< partitions were given
    kRevoked,   ///< partitions go elsewhere; still ours until Acknowledge
    kLost,      ///< partitions are gone already; nothing may be committed for them
  };
  Kind kind = Kind::kAssigned;
  std::vector<Partition> partitions;
  /// The group had forgotten us and took us back: what we hold, these partitions and the others,
  /// may have been somebody else's meanwhile. The caller commits nothing of what is open.
  bool as_new_member = false;
};

/// The fetch position reached the last stable offset of the partition. `offset` counts trailing
/// control and aborted records in: it is the position that means "nothing left".
struct EndOfPartition {
  Partition partition = 0;
  Offset offset = 0;
};

struct Polled {
  std::unique_ptr<Batch> batch;        ///< never null; may be empty
  std::optional<Rebalance> rebalance;  ///< at most one a call; the records were read before it
  std::vector<EndOfPartition> ends;
};

/// Proof of membership that fences a transaction's offsets. Opaque, except that a token without
/// generation or member id is never used: the broker would not fence it.
struct GroupToken {
  std::string serialized;
  std::int32_t generation = -1;
  std::string member_id;
  bool fenced() const { return generation >= 0 && !member_id.empty(); }
};

struct CommittedOffset {
  Offset offset = 0;
  std::string metadata{};
  bool operator==(const CommittedOffset&) const = default;
};

/// Reads the input topic as a member of the consumer group (read_committed, no automatic commit).
/// A partition is fetched only between StartFetching and StopFetching.
class InputConsumer {
 public:
  InputConsumer() = default;
  InputConsumer(const InputConsumer&) = delete;
  InputConsumer& operator=(const InputConsumer&) = delete;
  /// Ends within 5 s, without leaving the group cleanly if that takes longer.
  virtual ~InputConsumer() = default;

  /// Returns when records are there, a rebalance happened, or the time-out passed. At most
  /// `max_records` records. Must be called at least every max.poll.interval.ms.
  /// Errors: kConnect (authentication, ACL), kStop (fenced instance id, input offset out of
  /// range), kFail. Passing broker faults are logged, not returned.
  virtual Result<Polled> Poll(Milliseconds timeout, std::size_t max_records) = 0;

  /// Tells the group that the rebalance last returned by Poll was carried out.
  virtual Result<void> Acknowledge(const Rebalance& rebalance) = 0;

  virtual Result<void> StartFetching(const std::map<Partition, Offset>& positions) = 0;
  virtual Result<void> StopFetching(std::span<const Partition> partitions) = 0;

  /// Moves the position of partitions that are being fetched; records fetched before are dropped.
  virtual Result<void> Seek(const std::map<Partition, Offset>& positions) = 0;

  /// The end of the log (high watermark) as the last fetch saw it; empty before the first one. No
  /// network. It lies beyond EndOfPartition::offset while somebody's transaction is open.
  virtual std::optional<Offset> KnownEnd(Partition partition) = 0;

  /// The membership as of the last Poll that returned no rebalance, or the last Acknowledge.
  virtual Result<GroupToken> Membership() = 0;

  /// Commits positions without waiting and without looking at the answer: for whoever keeps his
  /// positions elsewhere and wants the group's lag to be seen.
  virtual void CommitForDisplay(const std::map<Partition, Offset>& positions) = 0;

  /// Leaves the group at once, static member or not, so that others take over without waiting.
  virtual Result<void> Leave(Milliseconds timeout) = 0;
};

/// Which topic a record goes to: an index into the topics that the producer was opened with.
using TopicIndex = std::int32_t;

struct OutgoingRecord {
  TopicIndex topic = 0;
  Partition partition = 0;
  Bytes key{};
  Bytes value{};
  std::span<const Header> headers{};  ///< copied by Produce, unlike key and value
  std::int64_t timestamp_ms = -1;     ///< -1: now
  /// Nonzero: its position is reported by Flush.
  std::uint64_t tag = 0;
};

struct Delivered {
  std::uint64_t tag = 0;
  Offset offset = -1;
  std::int64_t append_time_ms =
      -1;  ///< the broker's, where the topic has LogAppendTime; else the record's
};

enum class CommitOutcome {
  kCommitted,
  kUnknown,  ///< may have happened or not: replace the producer, then read the stable offsets back
};

struct CommitResult {
  CommitOutcome outcome = CommitOutcome::kUnknown;
  Error error;  ///< why it is unknown
};

/// Where records go.
class RecordSink {
 public:
  RecordSink() = default;
  RecordSink(const RecordSink&) = delete;
  RecordSink& operator=(const RecordSink&) = delete;
  virtual ~RecordSink() = default;
  virtual Result<void> Produce(const OutgoingRecord& record) = 0;
};

/// A transactional producer. There is no Abort: a producer whose transaction failed in any way is
/// destroyed and another one opened with the same transactional id, whose Init aborts what was left
/// and fences every delayed request (KAFKA-17754; no librdkafka implements KIP-890).
class TransactionalProducer : public RecordSink {
 public:
  /// Purges what is queued; once it returns no record's memory is referred to. Bounded, 5 s.
  ~TransactionalProducer() override = default;

  /// Registers the transactional id, aborts or completes what an earlier producer with it left.
  /// Errors: kRetry (call again), kConnect, kFix, kFail.
  virtual Result<void> Init(Milliseconds timeout) = 0;

  virtual Result<void> Begin() = 0;

  /// Queues one record without copying: its memory must live until Flush succeeded or the producer
  /// was destroyed. Does not wait: what the client has no room for is handed over later, so an
  /// error may be that of an earlier record. Errors: kRejectRecord (too large for any broker),
  /// kAbort, kFenced, kFail.
  Result<void> Produce(const OutgoingRecord& record) override = 0;

  /// Serves delivery reports without waiting.
  virtual void Serve() = 0;

  /// Waits until every record of the transaction is acknowledged by all in-sync replicas; returns
  /// the positions of tagged ones.
  /// Errors: kRejectRecord (the brokers refuse a record, which one is not known), kAbort, kFenced.
  virtual Result<std::vector<Delivered>> Flush(Milliseconds timeout) = 0;

  /// Adds the group's next offsets to the transaction. Refuses a token that is not fenced.
  /// Errors: kAbort, kFenced.
  virtual Result<void> SendOffsets(const std::map<Partition, CommittedOffset>& offsets,
                                   const GroupToken& token, Milliseconds timeout) = 0;

  virtual CommitResult Commit(Milliseconds timeout) = 0;

  /// True when the next transaction must not be begun on this producer: an error happened, or a
  /// transactional request went out and was never answered.
  virtual bool tainted() const = 0;
};

/// One changelog record as read back.
struct LogRecord {
  Offset offset = 0;
  std::int64_t append_time_ms = -1;
  std::string_view value;  ///< valid until the next call
};

struct LogSlice {
  std::vector<LogRecord> records;
  std::optional<Offset> end;  ///< set when the position reached the last stable offset
};

struct Watermarks {
  Offset low = 0;          ///< first offset that still exists
  Offset last_stable = 0;  ///< end as a read_committed reader sees it
  Offset high = 0;         ///< end of the log; an open transaction lies in [last_stable, high)
};

/// A broker that hung and was replaced tells the ends and the committed offsets that it had until
/// it hears of that. For so long what looks like one of those is not believed but asked for again.
inline constexpr Milliseconds kOldLeaderLimit{5'000};

/// Asks about offsets and reads changelog partitions, outside of group membership.
class LogReader {
 public:
  LogReader() = default;
  LogReader(const LogReader&) = delete;
  LogReader& operator=(const LogReader&) = delete;
  virtual ~LogReader() = default;

  /// The group's committed offsets of the input topic, stable ones only: a partition with an
  /// undecided offset makes it kRetry. Partitions without one are left out.
  virtual Result<std::map<Partition, CommittedOffset>> Committed(
      std::span<const Partition> partitions, Milliseconds timeout) = 0;

  /// Errors: kRetry, kConnect, kStop (no such topic or partition).
  virtual Result<Watermarks> Marks(const std::string& topic, Partition partition,
                                   Milliseconds timeout) = 0;

  /// First offset whose timestamp is at or after `time_ms`; the high watermark when there is none.
  virtual Result<Offset> OffsetAt(const std::string& topic, Partition partition,
                                  std::int64_t time_ms, Milliseconds timeout) = 0;

  /// Positions the reader (read_committed) on one partition; replaces an earlier one.
  virtual Result<void> Open(const std::string& topic, Partition partition, Offset from) = 0;

  /// Next committed records, at most about `max_bytes` of them.
  virtual Result<LogSlice> Read(Milliseconds timeout, std::size_t max_bytes) = 0;

  virtual void Close() = 0;

  /// The first record at or after `from`, committed or not. Empty when there is none.
  virtual Result<std::optional<std::string>> PeekUncommitted(const std::string& topic,
                                                             Partition partition, Offset from,
                                                             Milliseconds timeout) = 0;
};

/// Opens the parts. One for a lane.
class Client {
 public:
  Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  virtual ~Client() = default;

  virtual Result<std::unique_ptr<InputConsumer>> OpenConsumer() = 0;
  /// A producer with this lane's transactional id. Not initialised yet.
  virtual Result<std::unique_ptr<TransactionalProducer>> OpenProducer() = 0;
  virtual Result<std::unique_ptr<LogReader>> OpenLogReader() = 0;
  /// Aborts the open transaction of a dead (or fences a live) producer with that transactional id.
  virtual Result<void> AbortTransactionOf(const std::string& transactional_id,
                                          Milliseconds timeout) = 0;
};

}  // namespace semel::kafka
