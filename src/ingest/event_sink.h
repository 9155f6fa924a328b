// Where events go. Kafka, or a test's own.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/event_batch.h"
#include "semel/result.h"

namespace semel::ingest {

/// Threads: any, at once.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;

  /// False: so many more events would be too many.
  virtual bool HasRoom(std::size_t events) const = 0;

  /// Takes an event, whose text stays until its answer: `event.batch->Answered` follows, on any
  /// thread, once, but not before HandOver.
  /// Errors, after which nothing follows: kRejectRecord: it is too large; others pass.
  virtual Result<void> Send(const std::string& topic, std::string_view key, Event& event) = 0;

  /// When all events of a request were sent.
  virtual void HandOver(const std::string& topic, const std::vector<Event>& events) = 0;
};

}  // namespace semel::ingest
