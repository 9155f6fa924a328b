#include "transaction_coordinator.h"

#include <algorithm>

namespace semel::simulation {

TransactionCoordinator::Initialised TransactionCoordinator::Init(
    const std::string& id, std::chrono::milliseconds timeout) {
  Transaction& transaction = transactions_[id];
  if (transaction.producer.id < 0) transaction.producer.id = next_producer_++;
  switch (transaction.state) {
    case State::kPrepareCommit:
    case State::kPrepareAbort:
      return {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, {}};
    case State::kOngoing:
      FenceEpoch(transaction);
      Prepare(id, transaction, false);
      return {RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS, {}};
    case State::kEmpty:
    case State::kCompleteCommit:
    case State::kCompleteAbort:
      break;
  }
  ++transaction.producer.epoch;
  transaction.state = State::kEmpty;
  transaction.timeout = timeout;
  return {kNoError, transaction.producer};
}

ErrorCode TransactionCoordinator::Find(const std::string& id, ProducerIdAndEpoch producer,
                                       Transaction*& found) {
  const auto place = transactions_.find(id);
  if (place == transactions_.end() || place->second.producer.id != producer.id)
    return RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING;
  found = &place->second;
  // What brokers call PRODUCER_FENCED since 2.7 is this to clients with older requests.
  if (producer.epoch != found->producer.epoch) return RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
  return kNoError;
}

ErrorCode TransactionCoordinator::Add(const std::string& id, ProducerIdAndEpoch producer,
                                      const std::vector<TxnTarget>& targets, Time now) {
  Transaction* transaction = nullptr;
  if (const ErrorCode error = Find(id, producer, transaction); error != kNoError) return error;
  if (transaction->state == State::kPrepareCommit || transaction->state == State::kPrepareAbort)
    return RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS;
  if (transaction->state != State::kOngoing) {
    transaction->targets.clear();
    transaction->begun = now;
    transaction->state = State::kOngoing;
  }
  transaction->targets.insert(targets.begin(), targets.end());
  return kNoError;
}

ErrorCode TransactionCoordinator::End(const std::string& id, ProducerIdAndEpoch producer,
                                      bool commit) {
  Transaction* transaction = nullptr;
  if (const ErrorCode error = Find(id, producer, transaction); error != kNoError) return error;
  constexpr ErrorCode kInvalid = RD_KAFKA_RESP_ERR_INVALID_TXN_STATE;
  constexpr ErrorCode kAgain = RD_KAFKA_RESP_ERR_CONCURRENT_TRANSACTIONS;
  switch (transaction->state) {
    case State::kOngoing:
      Prepare(id, *transaction, commit);
      return kNoError;
    case State::kCompleteCommit:
      return commit ? kNoError : kInvalid;
    case State::kCompleteAbort:
      return commit ? kInvalid : kNoError;
    case State::kPrepareCommit:
      return commit ? kAgain : kInvalid;
    case State::kPrepareAbort:
      return commit ? kInvalid : kAgain;
    case State::kEmpty:
      break;
  }
  return kInvalid;
}

ErrorCode TransactionCoordinator::Verify(const std::string& id, ProducerIdAndEpoch producer,
                                         const TxnTarget& target) const {
  const auto found = transactions_.find(id);
  if (found == transactions_.end() || found->second.producer.id != producer.id)
    return RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING;
  const Transaction& transaction = found->second;
  if (transaction.producer.epoch != producer.epoch) return RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
  // To old clients this is a fault that passes.
  if (transaction.state == State::kPrepareCommit || transaction.state == State::kPrepareAbort)
    return RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS;
  const bool announced =
      transaction.state == State::kOngoing && transaction.targets.contains(target);
  return announced ? kNoError : RD_KAFKA_RESP_ERR_INVALID_TXN_STATE;
}

void TransactionCoordinator::Prepare(const std::string& id, Transaction& transaction, bool commit) {
  transaction.state = commit ? State::kPrepareCommit : State::kPrepareAbort;
  AskForMarkers(id, transaction);
}

void TransactionCoordinator::AskForMarkers(const std::string& id, const Transaction& transaction) {
  const bool commit = transaction.state == State::kPrepareCommit;
  for (const TxnTarget& target : transaction.targets)
    write_marker_(id, target, transaction.producer, commit);
}

void TransactionCoordinator::MarkerWritten(const std::string& id, const TxnTarget& target,
                                           ProducerIdAndEpoch producer) {
  Transaction& transaction = transactions_.at(id);
  if (transaction.producer != producer) return;
  const bool commit = transaction.state == State::kPrepareCommit;
  if (!commit && transaction.state != State::kPrepareAbort) return;
  transaction.targets.erase(target);
  if (!transaction.targets.empty()) return;
  transaction.state = commit ? State::kCompleteCommit : State::kCompleteAbort;
}

void TransactionCoordinator::Expire(Time now, const std::function<bool(const std::string&)>& mine) {
  for (auto& [id, transaction] : transactions_) {
    if (transaction.state != State::kOngoing || now <= transaction.begun + transaction.timeout ||
        !mine(id))
      continue;
    FenceEpoch(transaction);
    Prepare(id, transaction, false);
  }
}

void TransactionCoordinator::Resume(const std::function<bool(const std::string&)>& mine) {
  for (const auto& [id, transaction] : transactions_) {
    if (transaction.state != State::kPrepareCommit && transaction.state != State::kPrepareAbort)
      continue;
    if (mine(id)) AskForMarkers(id, transaction);
  }
}

}  // namespace semel::simulation
