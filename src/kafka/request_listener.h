// Hears of the requests of a librdkafka client.
#pragma once

#include <cstdint>

#include "kafka/rdkafka_handles.h"

namespace semel::kafka {

/// Called on librdkafka's threads: must not call it, wait or throw.
/// Not told which request ended: librdkafka's on_response_received gives 0 for the correlation id
/// of every request (2.0.2, and unchanged since).
class RequestListener {
 public:
  RequestListener() = default;
  RequestListener(const RequestListener&) = delete;
  RequestListener& operator=(const RequestListener&) = delete;
  virtual ~RequestListener() = default;

  /// On its way to the broker.
  virtual void Sent(std::int16_t api_key) = 0;
  /// Once for each request. `error` is librdkafka's, not the broker's: without one there was an
  /// answer.
  virtual void Ended(std::int16_t api_key, rd_kafka_resp_err_t error) = 0;
};

/// Makes the client that is created from `conf` report to `listener`, which must outlive it.
/// Returns false when librdkafka refuses.
bool AddRequestListener(rd_kafka_conf_t* conf, RequestListener* listener);

}  // namespace semel::kafka
