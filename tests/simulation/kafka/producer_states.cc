#include "producer_states.h"

namespace semel::simulation {
namespace {

constexpr std::size_t kBatchesKept = 5;

}  // namespace

ErrorCode ProducerStates::CheckEpoch(ProducerIdAndEpoch producer) const {
  const auto found = states_.find(producer.id);
  if (found != states_.end() && producer.epoch < found->second.epoch)
    return RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH;
  return kNoError;
}

ErrorCode ProducerStates::CheckMarker(ProducerIdAndEpoch producer) const {
  return CheckEpoch(producer);
}

ProducerStates::Verdict ProducerStates::Check(ProducerIdAndEpoch producer,
                                              std::int32_t first_sequence,
                                              std::int32_t count) const {
  const auto found = states_.find(producer.id);
  if (found == states_.end())
    return {};  // a broker takes any sequence of one that it does not know
  const State& state = found->second;
  if (producer.epoch < state.epoch) return {RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH, {}};
  if (producer.epoch > state.epoch)
    return {first_sequence == 0 ? kNoError : RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, {}};
  for (const Batch& batch : state.batches) {
    if (batch.first_sequence == first_sequence && batch.last_sequence == first_sequence + count - 1)
      return {kNoError, batch.first};
  }
  const bool follows = first_sequence == state.last_sequence + 1;
  return {follows ? kNoError : RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, {}};
}

void ProducerStates::Appended(ProducerIdAndEpoch producer, std::int32_t first_sequence,
                              std::int32_t count, kafka::Offset first, bool transactional) {
  State& state = states_[producer.id];
  if (producer.epoch > state.epoch) state = {.epoch = producer.epoch};
  if (count > 0) {
    state.last_sequence = first_sequence + count - 1;
    state.batches.push_back({first_sequence, state.last_sequence, first});
    if (state.batches.size() > kBatchesKept) state.batches.pop_front();
  }
  if (transactional && open_.try_emplace(producer.id, first).second) begins_.insert(first);
}

std::optional<kafka::Offset> ProducerStates::Ended(ProducerIdAndEpoch producer) {
  State& state = states_[producer.id];
  if (producer.epoch > state.epoch) state = {.epoch = producer.epoch};
  const auto found = open_.find(producer.id);
  if (found == open_.end()) return std::nullopt;
  const kafka::Offset first = found->second;
  begins_.erase(first);
  open_.erase(found);
  return first;
}

std::optional<kafka::Offset> ProducerStates::FirstOpen() const {
  return begins_.empty() ? std::nullopt : std::optional(*begins_.begin());
}

}  // namespace semel::simulation
