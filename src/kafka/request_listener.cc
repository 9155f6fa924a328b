#include "kafka/request_listener.h"

namespace semel::kafka {
namespace {

constexpr const char* kName = "semel-requests";

// librdkafka reports the end of one request twice: on the broker's thread, which also sends, when
// the answer comes in; and on its main thread when the answer is handled. Only the first counts.
thread_local bool this_thread_sends = false;

// These run on librdkafka's threads: no call back into it, no exception.
// Their parameters are librdkafka's. NOLINTBEGIN(readability-function-size)
rd_kafka_resp_err_t OnRequestSent(rd_kafka_t* /*rk*/, int /*socket*/, const char* /*broker_name*/,
                                  std::int32_t /*broker*/, std::int16_t api_key,
                                  std::int16_t /*version*/, std::int32_t /*correlation_id*/,
                                  std::size_t /*size*/, void* opaque) {
  this_thread_sends = true;
  static_cast<RequestListener*>(opaque)->Sent(api_key);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t OnResponseReceived(rd_kafka_t* /*rk*/, int /*socket*/,
                                       const char* /*broker_name*/, std::int32_t /*broker*/,
                                       std::int16_t api_key, std::int16_t /*version*/,
                                       std::int32_t /*correlation_id*/, std::size_t /*size*/,
                                       std::int64_t /*round_trip*/, rd_kafka_resp_err_t error,
                                       void* opaque) {
  if (this_thread_sends) static_cast<RequestListener*>(opaque)->Ended(api_key, error);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}
// NOLINTEND(readability-function-size)

rd_kafka_resp_err_t OnNew(rd_kafka_t* rk, const rd_kafka_conf_t* /*conf*/, void* opaque,
                          char* /*error*/, std::size_t /*error_size*/) {
  const rd_kafka_resp_err_t sent =
      rd_kafka_interceptor_add_on_request_sent(rk, kName, OnRequestSent, opaque);
  if (sent != RD_KAFKA_RESP_ERR_NO_ERROR) return sent;
  return rd_kafka_interceptor_add_on_response_received(rk, kName, OnResponseReceived, opaque);
}

}  // namespace

bool AddRequestListener(rd_kafka_conf_t* conf, RequestListener* listener) {
  return rd_kafka_conf_interceptor_add_on_new(conf, kName, OnNew, listener) ==
         RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace semel::kafka
