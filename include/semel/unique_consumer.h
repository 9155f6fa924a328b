// A consumer that hands out each event once: duplicates are taken out before the program sees them.
//
//   auto consumer = semel::UniqueConsumer::Open({.brokers = "localhost:9092",
//                                                .topic = "payments",
//                                                .group = "billing",
//                                                .key = {.parts = {"json:/payment_id"}}});
//   if (!consumer) return Fail(consumer.error());
//   for (const semel::Message& message : **consumer) Charge(message);
//   return (*consumer)->status();
//
// What was seen is kept in a Kafka topic, the changelog, which is read before the first message is
// handed out, and written in one transaction with the offsets. So:
//  * a message whose transaction was committed never comes again, nor does any copy of it within
//    the window, in whatever process of the group;
//  * a message that was handed out and not committed comes again after a crash, and after a
//    transaction that the brokers could not commit. What the program did with it outside of Kafka
//    was done, so the program should stand that, or write its results with Send.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "semel/fingerprint.h"
#include "semel/log.h"
#include "semel/message.h"
#include "semel/message_iterator.h"
#include "semel/outgoing_message.h"
#include "semel/result.h"

namespace semel {

/// What happens to a message that cannot be judged: a part of the key is missing, the value is
/// invalid, or it is older than the window.
enum class Unjudged : std::uint8_t {
  kHandOut,
  kDrop,
  kFail,  ///< the consumer ends with Action::kStop; nothing is lost
};

struct UniqueConsumerOptions {
  std::string brokers;  ///< "host:port,host:port"
  /// Of librdkafka, except those that the promise rests on (Open names them).
  std::map<std::string, std::string> properties{};
  std::string topic;
  std::string group;
  /// One of this process that stays the same at its next start lets it return without waiting for
  /// the end of the session; empty: a random one.
  std::string instance{};
  std::string changelog{};  ///< empty: "<group>.seen"

  KeyRule key{};  ///< what identifies an event; the whole value unless said otherwise
  std::chrono::milliseconds window = std::chrono::hours{24 * 7};  ///< at least 1 ms
  Unjudged on_missing = Unjudged::kHandOut;
  Unjudged on_invalid = Unjudged::kHandOut;
  Unjudged on_late = Unjudged::kHandOut;

  /// Where a new group begins: at the first message, or behind the last.
  bool from_beginning = true;
  /// A transaction is committed when it is so old, or so many messages were handed out, whichever
  /// comes first; looked at whenever the program asks for a message.
  std::chrono::milliseconds commit_interval{100};  ///< 1 to 1500
  std::size_t commit_messages = 10'000;            ///< at least 1
  /// False: Commit alone commits.
  bool auto_commit = true;

  std::vector<std::string> outputs{};                    ///< topics that Send may write to
  bool create_changelog = true;                          ///< with safe settings, when it is missing
  std::uint64_t memory_limit = std::uint64_t{4} << 30U;  ///< bytes of what is remembered

  /// For one start, after an error with kStop that asks for it, as --accept-gap and so on. It says
  /// what was lost, or may come again then.
  bool accept_gap = false;
  bool accept_new_rule = false;
  bool accept_new_partitions = false;

  LogFunction log{};  ///< empty: warnings and errors go to stderr
};

/// Since Open, all partitions together. read = unique + duplicates + missing + invalid + late; what
/// is not committed is not counted.
struct UniqueCounts {
  std::uint64_t read = 0;
  std::uint64_t unique = 0;
  std::uint64_t duplicates = 0;
  std::uint64_t missing = 0;
  std::uint64_t invalid = 0;
  std::uint64_t late = 0;
};

/// Threads: one at a time, which is the only one that anything happens on; Stop may be called from
/// any. A program that handles a message for longer than max.poll.interval.ms (5 min) loses its
/// partitions, and the message comes again elsewhere.
class UniqueConsumer {
 public:
  /// Checks the topics, makes the changelog where that is asked for, and joins the group.
  /// Errors: kFix (settings, topics; names the command that repairs them), kConnect, kFail.
  static Result<std::unique_ptr<UniqueConsumer>> Open(UniqueConsumerOptions options);
  UniqueConsumer(const UniqueConsumer&) = delete;
  UniqueConsumer& operator=(const UniqueConsumer&) = delete;
  /// Leaves the group at once and within about 10 s. Does not commit: whether the program finished
  /// its last message is not known. Close does.
  ~UniqueConsumer();

  /// The next message that was not seen before; empty after `timeout`, or after Stop. To ask for it
  /// says that all messages before it are done.
  /// Errors: kStop, kConnect, kFix, kFail; the consumer is at its end then.
  Result<std::optional<Message>> Poll(std::chrono::milliseconds timeout);

  /// Commits all that was handed out, the last message included. kAbort: a transaction since the
  /// last commit was rolled back, be it in Poll. All messages since that commit come again, so the
  /// program forgets what it holds of them, and goes on with Poll.
  Result<void> Commit();

  /// Adds a message to the transaction that commits the messages handed out since the last commit.
  /// Without partition and key it goes to the partition that the message handed out last came from,
  /// modulo the number of partitions; its tag is not used. Readers with read_committed see it when
  /// that commit succeeded, and never otherwise. From the first one on, the transaction must be
  /// committed within 4 s. Errors: kFix (not one of the outputs, or no message was handed out since
  /// the last commit); kAbort as for Commit; kStop and the others as for Poll.
  Result<void> Send(const OutgoingMessage& message);

  /// Ends the loop, and every Poll, within 100 ms, after a commit of what is done. Any thread.
  void Stop();

  /// Commits what was handed out, the last message included, and leaves the group.
  Result<void> Close();

  /// True when every partition that is ours was read to its end once since it was assigned, and all
  /// before it was handed out. False while none is ours.
  bool AtEnd() const;

  /// Success, or the error that the consumer ended with.
  Result<void> status() const;
  UniqueCounts counts() const;

  /// Goes on until Stop or an error; which one it was, status() tells.
  MessageIterator begin();
  static std::default_sentinel_t end() { return {}; }

 private:
  struct Impl;
  explicit UniqueConsumer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace semel
