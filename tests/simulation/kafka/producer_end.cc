// The half of Producer that ends transactions.
#include <chrono>

#include "producer.h"
#include "token.h"

namespace semel::simulation {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kRetry{100};
constexpr milliseconds kOffsetsRetry{500};

}  // namespace

std::optional<ErrorCode> Producer::AskCoordinator(
    const char* api, Time deadline, std::function<ErrorCode(TransactionCoordinator&)> serve) {
  while (parts_.Now() < deadline) {
    std::optional<Done> done;
    if (const BrokerId broker = parts_.cluster.TransactionCoordinatorOf(id_); broker != kNoBroker) {
      announced_ = true;
      done = AskAndWait<Done>(
          parts_, ToTransactions(broker), api, std::min(deadline, parts_.Now() + request_timeout_),
          [cluster = &parts_.cluster, id = id_, serve](BrokerId at, const auto& reply) {
            Done answer;
            if (auto* coordinator = cluster->TransactionsAt(at, id, answer.error))
              answer.error = serve(*coordinator);
            reply(answer);
          });
    }
    if (done && !Passes(done->error)) return done->error;
    if (!parts_.process.alive()) break;
    parts_.scheduler().Sleep(std::min<Duration>(kRetry, deadline - parts_.Now()), api);
  }
  return std::nullopt;
}

std::optional<ErrorCode> Producer::AskGroup(Time deadline, const MemberIdentity& who,
                                            const OffsetMap& offsets) {
  while (parts_.Now() < deadline) {
    std::optional<Done> done;
    if (const BrokerId broker = parts_.cluster.GroupCoordinatorOf(who.group); broker != kNoBroker) {
      group_->SetBroker(broker);
      done = AskAndWait<Done>(
          parts_, *group_, "TxnOffsetCommit", std::min(deadline, parts_.Now() + request_timeout_),
          [cluster = &parts_.cluster, id = id_, producer = *producer_, who, offsets](
              BrokerId at, const auto& reply) {
            reply({.error = cluster->CommitInTransaction(at, id, producer, who, offsets)});
          });
    }
    if (done && !Passes(done->error)) return done->error;
    if (!parts_.process.alive()) break;
    parts_.scheduler().Sleep(std::min<Duration>(kOffsetsRetry, deadline - parts_.Now()),
                             "TxnOffsetCommit");
  }
  return std::nullopt;
}

Result<void> Producer::HandleOffsetsError(std::optional<ErrorCode> error, const std::string& what) {
  if (!error) {
    SetAbortable(RD_KAFKA_RESP_ERR__TIMED_OUT);
    return Failed(RD_KAFKA_RESP_ERR__TIMED_OUT, what, Action::kAbort);
  }
  switch (*error) {
    case kNoError:
      return {};
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
      SetFatal(RD_KAFKA_RESP_ERR__FENCED);
      return Over(RD_KAFKA_RESP_ERR__FENCED, what);
    case RD_KAFKA_RESP_ERR_INVALID_TXN_STATE:
      SetFatal(*error);
      break;
    default:
      SetAbortable(*error);
  }
  return Over(*error, what);
}

Result<void> Producer::SendOffsets(
    const std::map<kafka::Partition, kafka::CommittedOffset>& offsets,
    const kafka::GroupToken& token, kafka::Milliseconds timeout) {
  const ClientOptions& options = parts_.options;
  const std::string what = "send offsets of group " + options.group;
  if (!token.fenced()) {
    failed_ = true;
    return Error{Action::kAbort, "the membership of group " + options.group +
                                     " is lost: no offsets are sent without it"};
  }
  if (auto standing = Standing(what)) return *standing;
  if (!in_transaction_) return Over(RD_KAFKA_RESP_ERR__STATE, what);
  if (offsets.empty()) return {};
  const Time deadline = parts_.Now() + timeout;
  const std::vector<TxnTarget> target{{options.group, -1}};
  const auto added = AskCoordinator("AddOffsetsToTxn", deadline,
                                    [id = id_, producer = *producer_, target,
                                     now = parts_.Now()](TransactionCoordinator& coordinator) {
                                      return coordinator.Add(id, producer, target, now);
                                    });
  SEMEL_TRY(HandleOffsetsError(added, what));
  OffsetMap map;
  for (const auto& [partition, offset] : offsets) map[{options.input_topic, partition}] = offset;
  const MemberIdentity who = IdentityOf(token, options.group);
  return HandleOffsetsError(AskGroup(deadline, who, map), what);
}

kafka::CommitResult Producer::Commit(kafka::Milliseconds timeout) {
  const Time deadline = parts_.Now() + timeout;
  const std::string what = Doing("commit");
  if (auto standing = Standing(what)) {
    in_transaction_ = false;
    return Unknown(*standing);
  }
  if (!in_transaction_) return Unknown(Over(RD_KAFKA_RESP_ERR__STATE, what));
  in_transaction_ = false;
  if (outstanding_ > 0) {
    if (const auto flushed = Flush(timeout); !flushed) return Unknown(flushed.error());
  }
  if (!announced_) return {kafka::CommitOutcome::kCommitted, {}};
  const auto ended = AskCoordinator(
      "EndTxn", deadline, [id = id_, producer = *producer_](TransactionCoordinator& coordinator) {
        return coordinator.End(id, producer, true);
      });
  if (!ended) return Unknown(Failed(RD_KAFKA_RESP_ERR__TIMED_OUT, what, Action::kRetry));
  if (*ended == kNoError) return {kafka::CommitOutcome::kCommitted, {}};
  if (*ended == RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH) {
    SetFatal(RD_KAFKA_RESP_ERR__FENCED);
    return Unknown(Over(RD_KAFKA_RESP_ERR__FENCED, what));
  }
  if (*ended == RD_KAFKA_RESP_ERR_INVALID_TXN_STATE)
    SetFatal(*ended);
  else
    SetAbortable(*ended);
  return Unknown(Over(*ended, what));
}

}  // namespace semel::simulation
