// Reads topics, by membership in a consumer group or partition by partition.
//
// The consumer is pulled: it does nothing of its own accord, and commits nothing unless it is told
// to. SingleConsumer, BatchConsumer and PushConsumer commit by themselves.
#pragma once

#include <chrono>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "semel/log.h"
#include "semel/message.h"
#include "semel/result.h"

namespace semel {

/// The offsets that say `message`, or all of `messages`, are done.
Offsets OffsetsAfter(const Message& message);
Offsets OffsetsAfter(std::span<const Message> messages);

/// A place in a partition.
struct Place {
  enum class Kind : std::uint8_t { kOffset, kBeginning, kEnd, kTime, kCommitted, kLast };
  Kind kind = Kind::kBeginning;
  /// kOffset: the offset. kTime: milliseconds since the epoch. kLast: how many.
  std::int64_t value = 0;

  /// 0 or above.
  static Place Offset(std::int64_t offset) { return {Kind::kOffset, offset}; }
  /// The oldest message that is still there.
  static Place Beginning() { return {}; }
  /// Behind the newest message, as of the call. Read committed: behind the last one that no open
  /// transaction holds back (the last stable offset).
  static Place End() { return {Kind::kEnd, 0}; }
  /// The first message that is as new as that; the end where there is none.
  static Place Time(std::int64_t milliseconds) { return {Kind::kTime, milliseconds}; }
  /// So many offsets before the end; the beginning where there are fewer. 0 or above.
  static Place Last(std::int64_t count) { return {Kind::kLast, count}; }
  /// Where the group is; where it has no offset, ConsumerOptions::start.
  static Place Committed() { return {Kind::kCommitted, 0}; }

  friend bool operator==(const Place&, const Place&) = default;
};

struct ConsumerOptions {
  /// Bootstrap servers: HOST:PORT[,HOST:PORT...].
  std::string brokers{};
  /// Any librdkafka property, except those that would break what is promised here. The names that
  /// other clients use for group, instance, start and read_uncommitted set these.
  std::map<std::string, std::string> properties{};
  /// Empty: only Assign is possible, and nothing can be committed.
  std::string group{};
  /// group.instance.id: a static member, which after a restart within session.timeout.ms (10 s)
  /// gets the same partitions without a rebalance. Empty: a dynamic member.
  std::string instance{};
  /// Where reading begins in partitions for which the group has no offset; not kCommitted.
  Place start = Place::Beginning();
  /// What happens where the position is not in the log (any more): messages were deleted before
  /// they were read, or the topic was made anew. False: Poll returns kStop. True: reading goes on
  /// at the end if `start` is that, else at the beginning; librdkafka logs it.
  bool reset_out_of_range = false;
  /// True: messages of open and aborted transactions come too.
  bool read_uncommitted = false;

  /// Changes of ownership, called within Poll, PollBatch and Close only, on their thread. They may
  /// call the consumer, except Poll, PollBatch and Close, and must not throw.
  using RebalanceFunction = std::function<void(const std::vector<TopicPartition>&)>;
  /// These are ours from now on. Seek inside decides where reading begins.
  RebalanceFunction on_assigned{};
  /// These go to other members when the call returns; until then they can be committed.
  RebalanceFunction on_revoked{};
  /// These are others' already, for example because Poll was not called in time; what was not
  /// committed comes again there.
  RebalanceFunction on_lost{};

  /// Without one, warnings and errors go to stderr.
  LogFunction log{};
};

/// Messages of a partition come in the order of their offsets, none twice and none left out, as
/// long as it is ours and nobody calls Seek. Across rebalances and restarts that is "at least
/// once": what was committed does not come again, what was not does.
///
/// Fetches ahead, yet a position is only ever that of messages that were handed out.
///
/// Poll or PollBatch has to be called every max.poll.interval.ms (5 minutes), however long messages
/// take; else the group gives the partitions to others, and on_lost tells.
///
/// Threads: one at a time, Wake excepted. Moved-from objects may only be assigned to or destroyed.
/// Errors of all calls: kFix (usage, settings), kConnect (authentication, ACL), kRetry (brokers did
/// not answer in time), kFail. Each names the topic and partition that it is about.
class Consumer {
 public:
  using Milliseconds = std::chrono::milliseconds;

  /// Does not wait for a broker.
  static Result<Consumer> Open(ConsumerOptions options);
  Consumer(Consumer&& other) noexcept;
  Consumer& operator=(Consumer&& other) noexcept;
  /// Closes, without the rebalance functions and those of commits, within 5 s. Memory of messages
  /// that outlive the consumer keeps its connections; the last of them then takes up to 3 s to end.
  ~Consumer();

  /// Joins the group. A topic that begins with ^ is a regular expression; topics that match later
  /// are added when metadata is refreshed (30 s). Replaces an earlier subscription.
  Result<void> Subscribe(const std::vector<std::string>& topics);

  /// Reads these partitions, without membership, in place of what was read before. May take
  /// `timeout`: brokers are asked about all places but kOffset and kBeginning.
  Result<void> Assign(const std::map<TopicPartition, Place>& places, Milliseconds timeout);

  /// Moves within partitions that are ours; paused ones stay paused. May take `timeout`.
  /// Errors: also kFail, partition not ours.
  Result<void> Seek(const std::map<TopicPartition, Place>& places, Milliseconds timeout);

  /// The next message; none when the time-out passed or Wake was called. May take a second longer
  /// where a rebalance happens, and as long as its functions take.
  /// Errors: also kStop: position out of range (see reset_out_of_range), or another member uses the
  /// same `instance`. After an error other than kRetry the consumer should be closed. Passing
  /// broker faults are logged, not returned.
  Result<std::optional<Message>> Poll(Milliseconds timeout);

  /// The same for as many as are there, at least one and at most `max`.
  Result<std::vector<Message>> PollBatch(std::size_t max, Milliseconds timeout);

  /// Makes the Poll that waits, or else the next one, return without a message. Threads: any.
  void Wake();

  /// Commits and waits for the group's answer. Tries again what passes until `timeout`; an error
  /// after that does not say that it was not committed.
  /// Errors: also kAbort: a partition is not ours (any more); nothing was committed.
  Result<void> Commit(const Offsets& offsets, Milliseconds timeout);

  /// Commits without waiting and without another try. `done` is called within a later Poll,
  /// PollBatch, Commit or Close, at the end of Close with kRetry where there is no answer yet;
  /// without one, failures are logged. Order is kept. Held back while a rebalance goes on that this
  /// consumer keeps partitions through (cooperative assignors).
  using CommitFunction = std::function<void(const Result<void>&)>;
  Result<void> CommitAsync(const Offsets& offsets, CommitFunction done = {});

  /// Where we are: behind what was handed out. At the end of a partition, also behind what is no
  /// message, such as the markers of transactions. Partitions of which nothing is known yet are
  /// left out. Commit(Positions()) commits all that was handed out.
  Offsets Positions() const;

  /// Where the group is, of the partitions that are ours; those without an offset are left out.
  Result<Offsets> Committed(Milliseconds timeout) const;

  /// How many offsets are left in each partition that is ours: from the position to the last stable
  /// offset; to the high watermark where read_uncommitted is set. Asks the brokers.
  Result<std::map<TopicPartition, std::int64_t>> Lag(Milliseconds timeout) const;

  /// True when every partition that is ours was read to its end, once since it was assigned or
  /// moved, and all before it was handed out. False while none is ours.
  bool AtEnd() const;

  /// Hands out nothing of these partitions until Resume, or until they went and came again. Poll
  /// has to be called nonetheless.
  Result<void> Pause(const std::vector<TopicPartition>& partitions);
  /// After an error they are paused still.
  Result<void> Resume(const std::vector<TopicPartition>& partitions);

  std::vector<TopicPartition> Assignment() const;

  /// How many partitions a topic has. Errors: kFix where there is no such topic.
  Result<std::int32_t> PartitionCount(const std::string& topic, Milliseconds timeout) const;

  /// Leaves the group at once, static member or not, so that others take over without waiting;
  /// calls on_revoked before. Commits nothing itself. Only destroying is possible afterwards.
  Result<void> Close(Milliseconds timeout);

 private:
  class Impl;
  explicit Consumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace semel
