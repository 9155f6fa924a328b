// librdkafka's handles of the topics that a producer has written to.
#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "kafka/rdkafka_handles.h"

namespace semel {

/// Handles live as long as this. Threads: any, at once.
class TopicHandles {
 public:
  /// `producer` outlives this.
  explicit TopicHandles(rd_kafka_t* producer) : producer_(producer) {}

  /// Null where librdkafka refuses the name: rd_kafka_last_error().
  rd_kafka_topic_t* Of(std::string_view name);

 private:
  using Handles = std::map<std::string, kafka::TopicPtr, std::less<>>;

  rd_kafka_t* producer_;
  std::mutex mutex_;
  Handles handles_;  // guarded by mutex_; what is in stays, and does not move
  // Most programs write to one topic: found again without the lock.
  std::atomic<const Handles::value_type*> last_ = nullptr;
};

}  // namespace semel
