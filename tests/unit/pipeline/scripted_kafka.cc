#include "scripted_kafka.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "scripted_consumer.h"
#include "scripted_log_reader.h"
#include "scripted_producer.h"

namespace semel::testing {

const char* Name(Call call) {
  constexpr std::array kNames{"Poll",
                              "Acknowledge",
                              "StartFetching",
                              "StopFetching",
                              "Seek",
                              "Leave",
                              "Init",
                              "Begin",
                              "Produce",
                              "Flush",
                              "SendOffsets",
                              "Commit",
                              "Committed",
                              "Marks",
                              "OffsetAt",
                              "Open",
                              "Read",
                              "Peek",
                              "AbortTransactionOf"};
  return kNames.at(static_cast<std::size_t>(call));
}

void ScriptedKafka::Breach(const std::string& what) {
  ADD_FAILURE() << "breach of the contract of kafka/client.h: " << what;
}

Result<void> ScriptedKafka::Enter(Call call, const std::string& text) {
  trace.push_back(text);
  broker.Expire(clock.Now());
  if (before) {
    try {
      before(call);
    } catch (const Killed&) {
      killed = true;
      throw;
    }
  }
  if (fault) {
    if (auto error = fault(call)) return *error;
  }
  const auto found =
      std::find_if(faults_.begin(), faults_.end(), [&](const Fault& f) { return f.call == call; });
  if (found == faults_.end() || found->skip-- > 0) return {};
  const Error error = found->error;
  faults_.erase(found);
  return error;
}

void ScriptedKafka::Expel(int polls) {
  broker.Rebalance();
  rebalances.clear();
  expelled = polls;
}

void ScriptedKafka::Redeliver(kafka::Partition partition, kafka::Offset offset) {
  if (const auto found = fetched.find(partition); found != fetched.end())
    found->second = {.next = std::min(offset, found->second.next)};
}

std::size_t ScriptedKafka::CountTrace(const std::string& start) const {
  return static_cast<std::size_t>(
      std::count_if(trace.begin(), trace.end(),
                    [&](const std::string& text) { return text.starts_with(start); }));
}

Result<std::unique_ptr<kafka::InputConsumer>> ScriptedKafka::OpenConsumer() {
  return std::unique_ptr<kafka::InputConsumer>(std::make_unique<ScriptedConsumer>(*this));
}

Result<std::unique_ptr<kafka::TransactionalProducer>> ScriptedKafka::OpenProducer() {
  return std::unique_ptr<kafka::TransactionalProducer>(std::make_unique<ScriptedProducer>(*this));
}

Result<std::unique_ptr<kafka::LogReader>> ScriptedKafka::OpenLogReader() {
  return std::unique_ptr<kafka::LogReader>(std::make_unique<ScriptedLogReader>(*this));
}

Result<void> ScriptedKafka::AbortTransactionOf(const std::string& id, kafka::Milliseconds timeout) {
  if (const auto entered = Enter(Call::kAbortTransactionOf, "abort of " + id); !entered) {
    TimeOut(clock, timeout);
    return entered;
  }
  broker.Init(id);
  return {};
}

}  // namespace semel::testing
