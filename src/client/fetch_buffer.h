// Messages that were fetched and not handed out yet.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "kafka/rdkafka_handles.h"
#include "semel/message.h"

namespace semel {

/// A partition that is ours. Negative offsets are librdkafka's logical ones: a place that is not
/// known as a number yet.
struct OwnedPartition {
  std::int64_t next = 0;     ///< behind what was handed out
  std::int64_t fetched = 0;  ///< behind what is buffered; nothing below it is taken
  std::int64_t end = -1;     ///< where the last end of the partition was met
  std::size_t buffered = 0;
  bool end_reached = false;  ///< once since it was placed
  bool fetching = false;     ///< in librdkafka's assignment
  bool paused = false;
};

/// One batch at a time: what is taken from it shares its memory.
class FetchBuffer {
 public:
  /// Begins a new batch; the last one has to be empty. `client` is whose messages they are.
  void Start(std::shared_ptr<const void> client);
  /// `topic` lives as long as `message`; `from` until it was dropped.
  void Add(kafka::MessagePtr message, std::string_view topic, OwnedPartition& from);

  bool full() const;
  bool empty() const { return left_ == 0; }
  /// The next message, in order; there must be one.
  Message Take();
  /// Forgets what came from there; `from.next` stays.
  void Drop(OwnedPartition& from);

 private:
  struct Entry {
    kafka::MessagePtr message;
    std::string_view topic;
    OwnedPartition* partition;  // null: dropped
  };
  // Lives as long as any message that was taken from it. Only this class touches the containers,
  // messages what they hold.
  struct Batch {
    std::shared_ptr<const void> client;  // librdkafka wants its messages to be gone before it
    std::vector<Entry> entries;
    std::deque<std::vector<Header>> headers;  // of the messages that have some
  };
  std::shared_ptr<Batch> batch_;
  std::size_t bytes_ = 0;
  std::size_t at_ = 0;
  std::size_t left_ = 0;
};

/// Notes that the end of `partition` was met at `offset`.
void NoteEnd(OwnedPartition& partition, std::int64_t offset);

/// Moves it to `offset`; what is buffered must have been dropped.
void PlaceAt(OwnedPartition& partition, std::int64_t offset);

}  // namespace semel
