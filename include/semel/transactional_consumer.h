// Consume, transform, produce: the messages read and the messages sent are committed together.
//
//   auto consumer = semel::TransactionalConsumer::Open({.brokers = "localhost:9092",
//                                                       .topic = "orders",
//                                                       .group = "billing",
//                                                       .outputs = {"invoices"}});
//   if (!consumer) return Fail(consumer.error());
//   for (const semel::Message& order : **consumer) {
//     const std::string invoice = Invoice(order);
//     const auto sent =
//         (*consumer)->Send({.topic = "invoices", .key = order.key, .value = invoice});
//     if (!sent && sent.error().action != semel::Action::kAbort) return Fail(sent.error());
//   }
//   return (*consumer)->status();
//
// Readers of the outputs with read_committed see what was sent for each message once, in the order
// of its partition, whatever crashes: given replication of at least 3, min.insync.replicas of at
// least 2 and no unclean leader election. A message whose transaction was not committed comes
// again, in this process or another one of the group, and nothing that was sent for it is seen.
// What the program did outside of Kafka was done.
//
// A producer whose transactional request was not answered is replaced before the next transaction
// (KAFKA-17754), and a commit without an answer is looked up: the program need not care.
//
// Copies of an event are messages like all others; UniqueConsumer takes them out.
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

#include "semel/log.h"
#include "semel/message.h"
#include "semel/message_iterator.h"
#include "semel/outgoing_message.h"
#include "semel/result.h"

namespace semel {

class TransactionalLoop;

struct TransactionalConsumerOptions {
  std::string brokers;  ///< "host:port,host:port"
  /// Of librdkafka, except those that the promise rests on (Open names them).
  std::map<std::string, std::string> properties{};
  std::string topic;
  std::string group;
  /// One of this process that stays the same at its next start lets it return without waiting for
  /// the end of the session; empty: a random one.
  std::string instance{};
  std::vector<std::string> outputs{};  ///< topics that Send may write to

  /// Where partitions begin for which the group has no offset: at the first message, or behind the
  /// last.
  bool from_beginning = true;
  /// A transaction is committed when it is so old, or so many messages were handed out, whichever
  /// comes first; looked at whenever the program asks for a message.
  std::chrono::milliseconds commit_interval{100};  ///< 1 to 1500
  std::size_t commit_messages = 10'000;            ///< at least 1
  /// False: Commit alone commits.
  bool auto_commit = true;
  LogFunction log{};  ///< empty: warnings and errors go to stderr
};

/// Threads: one at a time, which is the only one that anything happens on; Stop may be called from
/// any. A program that handles a message for longer than max.poll.interval.ms (5 min) loses its
/// partitions, and the message comes again elsewhere.
class TransactionalConsumer {
 public:
  /// Checks the topics and joins the group.
  /// Errors: kFix (settings, topics; names the command that repairs them), kConnect, kFail.
  static Result<std::unique_ptr<TransactionalConsumer>> Open(TransactionalConsumerOptions options);
  TransactionalConsumer(const TransactionalConsumer&) = delete;
  TransactionalConsumer& operator=(const TransactionalConsumer&) = delete;
  /// Leaves the group at once and within about 10 s. Does not commit: whether the program finished
  /// its last message is not known. Close does.
  ~TransactionalConsumer();

  /// The next message; empty after `timeout`, or after Stop. To ask for it says that all messages
  /// before it are done. Errors: kStop, kConnect, kFix, kFail; the consumer is at its end then.
  Result<std::optional<Message>> Poll(std::chrono::milliseconds timeout);

  /// Adds a message to the transaction that commits the messages handed out since the last commit.
  /// Without partition and key it goes to the partition that the message handed out last came from,
  /// modulo the number of partitions; its tag is not used. From the first one on, the transaction
  /// must be committed within 4 s. Errors: kFix (not one of the outputs, or no message was handed
  /// out since the last commit); kAbort as for Commit; kStop and the others as for Poll.
  Result<void> Send(const OutgoingMessage& message);

  /// Commits all that was handed out, the last message included. kAbort: a transaction since the
  /// last commit was rolled back, be it in Poll. All messages since that commit come again, so the
  /// program forgets what it holds of them, and goes on with Poll.
  Result<void> Commit();

  /// Ends the loop, and every Poll, within 100 ms, after a commit of what is done. Any thread.
  void Stop();

  /// Commits what was handed out, the last message included, and leaves the group.
  Result<void> Close();

  /// True when every partition that is ours was read to its end once since it was assigned, and all
  /// before it was handed out. False while none is ours.
  bool AtEnd() const;

  /// Success, or the error that the consumer ended with.
  Result<void> status() const;

  /// How many messages were committed since Open.
  std::uint64_t committed() const;

  /// Goes on until Stop or an error; which one it was, status() tells.
  MessageIterator begin();
  static std::default_sentinel_t end() { return {}; }

 private:
  explicit TransactionalConsumer(std::unique_ptr<TransactionalLoop> loop);
  std::unique_ptr<TransactionalLoop> loop_;
};

}  // namespace semel
