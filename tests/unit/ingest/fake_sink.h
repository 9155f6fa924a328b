// A Kafka that acknowledges when the test says so.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "ingest/event_sink.h"

namespace semel::ingest {

struct Sent {
  std::string topic;
  std::string key;
  std::string value;
};

class FakeSink final : public EventSink {
 public:
  enum class Mode { kAcknowledge, kFail, kRefuse, kHold, kTooLarge, kFull };

  explicit FakeSink(Mode mode = Mode::kAcknowledge) : mode_(mode) {}

  bool HasRoom(std::size_t events) const override {
    const std::lock_guard lock(mutex_);
    return held_.size() + events <= room;
  }

  Result<void> Send(const std::string& topic, std::string_view key, Event& event) override {
    const std::lock_guard lock(mutex_);
    if (mode_ == Mode::kTooLarge) return Error{Action::kRejectRecord, "too large"};
    if (mode_ == Mode::kFull) return Error{Action::kRetry, "the queue is full"};
    sent_.push_back({topic, std::string(key), std::string(event.text)});
    if (mode_ == Mode::kHold)
      held_.push_back(&event);
    else
      event.batch->Answered(event, mode_ == Mode::kAcknowledge ? EventResult::kAccepted
                                   : mode_ == Mode::kRefuse    ? EventResult::kRejected
                                                               : EventResult::kRetry);
    changed_.notify_all();
    return {};
  }

  void HandOver(const std::string& /*topic*/, const std::vector<Event>& /*events*/) override {}

  void SetMode(Mode mode) {
    const std::lock_guard lock(mutex_);
    mode_ = mode;
  }

  /// What was held is answered.
  void Release(bool acknowledged) {
    std::vector<Event*> held;
    {
      const std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (Event* event : held)
      event->batch->Answered(*event, acknowledged ? EventResult::kAccepted : EventResult::kRetry);
  }

  void AwaitSent(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [&] { return sent_.size() >= count; });
  }

  std::vector<Sent> sent() const {
    const std::lock_guard lock(mutex_);
    return sent_;
  }

  std::size_t room = 1'000'000;

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Mode mode_;
  std::vector<Sent> sent_;
  std::vector<Event*> held_;
};

}  // namespace semel::ingest
