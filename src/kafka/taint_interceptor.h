// Watches a producer's transactional requests: one that went out and was never answered may still
// arrive at the coordinator, and then decides a later transaction (KAFKA-17754).
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

#include "kafka/rdkafka_handles.h"

namespace semel::kafka {

/// Requests that went out and have no answer. A request that was answered, even with an error, and
/// then sent again is no danger: the answer proves that the first one cannot arrive any more.
/// Threads: any, at once.
class UnansweredRequests {
 public:
  void Sent(std::int32_t broker, std::int16_t api_key, std::int32_t correlation_id);
  void Answered(std::int32_t broker, std::int16_t api_key, std::int32_t correlation_id);
  bool empty() const;

 private:
  struct Request {
    std::int32_t broker;
    std::int16_t
        api_key;  // part of the name: librdkafka's coordinator connection counts for itself
    std::int32_t correlation_id;
    bool operator==(const Request&) const = default;
  };
  mutable std::mutex mutex_;
  std::vector<Request> requests_;
  bool overflowed_ = false;
};

/// Makes the producer that is created from `conf` report to `requests`, which must outlive it.
/// Returns false when librdkafka refuses.
bool AddTaintInterceptor(rd_kafka_conf_t* conf, UnansweredRequests* requests);

}  // namespace semel::kafka
