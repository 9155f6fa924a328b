// Watches a producer's transactional requests: one that went out and was never answered may still
// arrive at the coordinator, and then decides a later transaction (KAFKA-17754).
#pragma once

#include <atomic>
#include <cstdint>

#include "kafka/request_listener.h"

namespace semel::kafka {

/// Counts the transactional requests that went out and have no answer. A request that was answered,
/// even with an error, and then sent again is no danger: the answer proves that the first one
/// cannot arrive any more. One that timed out or whose connection broke is never counted as
/// answered, so the count stays above zero for good.
/// Threads: any, at once.
class UnansweredRequests final : public RequestListener {
 public:
  void Sent(std::int16_t api_key) override;
  void Ended(std::int16_t api_key, rd_kafka_resp_err_t error) override;
  bool empty() const { return count_.load() == 0; }

 private:
  std::atomic<std::int64_t> count_{0};
};

}  // namespace semel::kafka
