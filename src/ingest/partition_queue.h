// Events of one partition on their way to the producer, which is given one batch at a time.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string_view>
#include <vector>

#include "ingest/event_batch.h"

namespace semel::ingest {

/// An event and the key that it is written with.
class HeldEvent {
 public:
  using Time = std::chrono::steady_clock::time_point;

  HeldEvent(Event& event, std::string_view key, Time since)
      : event_(&event),
        since_(since),
        key_size_(static_cast<std::uint8_t>(key.copy(key_.data(), key_.size()))) {}

  Event& event() const { return *event_; }
  std::string_view key() const { return {key_.data(), key_size_}; }
  std::size_t bytes() const { return event_->text.size() + key_size_; }
  Time since() const { return since_; }

 private:
  Event* event_;
  Time since_;
  std::array<char, 64> key_;  // a fingerprint in hex
  std::uint8_t key_size_;
};

/// What comes while a batch is under way waits here and goes together, so batches grow with the
/// load. librdkafka could keep the queue, but would spin on it: see kafka/send_queue.h.
/// Threads: any, at once.
class PartitionQueue {
 public:
  enum class Left : std::uint8_t {
    kSome,    ///< of the batch under way, not every event is answered
    kNone,    ///< all are: Begin may have the next batch
    kFailed,  ///< all are, and Kafka did not take some of them
  };

  void Hold(const HeldEvent& event) {
    const std::lock_guard lock(mutex_);
    held_.push_back(event);
  }

  /// The next batch, not above `bytes_max` unless it is one event; empty while one is under way.
  /// Stays as it is until the last Answered: one for each event, and one more.
  const std::vector<HeldEvent>& Begin(std::size_t bytes_max);

  Left Answered(bool acknowledged) {
    if (!acknowledged) failed_ = true;
    if (under_way_.fetch_sub(1) > 1) return Left::kSome;
    return failed_.exchange(false) ? Left::kFailed : Left::kNone;
  }

  /// In place of Answered, where the brokers refused the batch: the event comes again in a batch of
  /// its own, before all others.
  Left Refused(const Event& event);

  /// Of the batch under way: is it one event?
  bool alone() const { return batch_.size() == 1; }

  /// What has waited since before `limit`, which is then forgotten.
  std::vector<HeldEvent> TakeOlder(HeldEvent::Time limit);

 private:
  std::mutex mutex_;
  std::vector<HeldEvent> held_;   // guarded by mutex_
  std::deque<HeldEvent> alone_;   // guarded by mutex_; each makes a batch
  std::vector<HeldEvent> batch_;  // as it is while under_way_ is not 0
  std::size_t refused_ = 0;       // guarded by mutex_; where in batch_ the next one is looked for
  std::atomic<std::size_t> under_way_ = 0;
  std::atomic<bool> failed_ = false;
};

}  // namespace semel::ingest
