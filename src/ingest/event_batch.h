// The events of one request, from the split to Kafka's last answer.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "semel/fingerprint.h"

namespace semel::ingest {

enum class EventResult : std::uint8_t {
  kAccepted,   ///< Kafka has it
  kDuplicate,  ///< Kafka had it before
  kRejected,   ///< it will never be taken
  kRetry,      ///< Kafka did not take it in time; it may be there all the same
};

class EventBatch;

struct Event {
  std::string_view text{};
  EventBatch* batch = nullptr;
  std::uint32_t fingerprint = UINT32_MAX;    ///< its index in the batch; UINT32_MAX: it has none
  EventResult result = EventResult::kRetry;  ///< until Kafka has said otherwise
  std::int32_t partition = -1;               ///< where the sink puts it
  bool refused = false;                      ///< rejected, and by Kafka
};

/// Counts down what Kafka has yet to answer. Addresses of events are what deliveries come back
/// with, so nothing moves from the first SendOne on.
class EventBatch {
 public:
  /// `on_done` is called when everything was answered, on any thread.
  explicit EventBatch(std::function<void()> on_done) : on_done_(std::move(on_done)) {}
  EventBatch(const EventBatch&) = delete;
  EventBatch& operator=(const EventBatch&) = delete;

  void Clear() {
    events.clear();
    fingerprints.clear();
  }

  /// Around all calls of SendOne, so that on_done does not come in between.
  void BeginSending() {
    outstanding_ = 1;
    began_ = std::chrono::steady_clock::now();
  }
  void EndSending() { CountDown(); }

  /// Before an event is given to the sink; then exactly one of the next two follows.
  void SendOne() { outstanding_.fetch_add(1, std::memory_order_relaxed); }
  void Answered(Event& event, EventResult result) {
    event.result = result;
    event.refused = result == EventResult::kRejected;
    CountDown();
  }
  void NotTaken() { CountDown(); }

  /// The last BeginSending.
  std::chrono::steady_clock::time_point began() const { return began_; }

  std::vector<Event> events;
  std::vector<Fingerprint> fingerprints;

 private:
  void CountDown() {
    if (outstanding_.fetch_sub(1, std::memory_order_acq_rel) == 1) on_done_();
  }

  const std::function<void()> on_done_;
  std::chrono::steady_clock::time_point began_{};
  std::atomic<std::size_t> outstanding_ = 0;
};

}  // namespace semel::ingest
