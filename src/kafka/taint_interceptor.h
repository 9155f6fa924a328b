// Watches a producer's transactional requests: one that went out and was never answered may still
// arrive at the coordinator, and then decides a later transaction (KAFKA-17754).
#pragma once

#include <atomic>
#include <cstdint>

#include "kafka/rdkafka_handles.h"

namespace semel::kafka {

/// Counts the transactional requests that went out and have no answer. A request that was answered,
/// even with an error, and then sent again is no danger: the answer proves that the first one
/// cannot arrive any more. One that timed out or whose connection broke is never counted as
/// answered, so the count stays above zero for good.
///
/// Counting is enough, and is all that librdkafka allows: its on_response_received gives 0 for the
/// correlation id of every request (2.0.2, and unchanged since).
/// Threads: any, at once.
class UnansweredRequests {
 public:
  void Sent(std::int16_t api_key);
  /// `error` is librdkafka's, not the broker's: without one there was an answer.
  void Ended(std::int16_t api_key, rd_kafka_resp_err_t error);
  bool empty() const { return count_.load() == 0; }

 private:
  std::atomic<std::int64_t> count_{0};
};

/// Makes the producer that is created from `conf` report to `requests`, which must outlive it.
/// Returns false when librdkafka refuses.
bool AddTaintInterceptor(rd_kafka_conf_t* conf, UnansweredRequests* requests);

}  // namespace semel::kafka
