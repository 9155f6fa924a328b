#include "kafka/taint_interceptor.h"

#include <algorithm>

namespace semel::kafka {
namespace {

constexpr const char* kName = "semel-taint";
constexpr std::size_t kMost = 256;  // with so many unanswered ones, which they were is no matter

bool IsTransactional(std::int16_t api_key) {
  switch (api_key) {
    case 22:  // InitProducerId
    case 24:  // AddPartitionsToTxn
    case 25:  // AddOffsetsToTxn
    case 26:  // EndTxn
    case 28:  // TxnOffsetCommit
      return true;
    default:
      return false;
  }
}

// These run on librdkafka's broker threads: no call back into it, no exception.
rd_kafka_resp_err_t OnRequestSent(rd_kafka_t* /*rk*/, int /*socket*/, const char* /*broker_name*/,
                                  std::int32_t broker, std::int16_t api_key,
                                  std::int16_t /*version*/, std::int32_t correlation_id,
                                  std::size_t /*size*/, void* opaque) {
  if (IsTransactional(api_key))
    static_cast<UnansweredRequests*>(opaque)->Sent(broker, api_key, correlation_id);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t OnResponseReceived(rd_kafka_t* /*rk*/, int /*socket*/,
                                       const char* /*broker_name*/, std::int32_t broker,
                                       std::int16_t api_key, std::int16_t /*version*/,
                                       std::int32_t correlation_id, std::size_t /*size*/,
                                       std::int64_t /*round_trip*/, rd_kafka_resp_err_t error,
                                       void* opaque) {
  // An error here is a local one (time-out, disconnect): there was no answer.
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR && IsTransactional(api_key))
    static_cast<UnansweredRequests*>(opaque)->Answered(broker, api_key, correlation_id);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t OnNew(rd_kafka_t* rk, const rd_kafka_conf_t* /*conf*/, void* opaque,
                          char* /*error*/, std::size_t /*error_size*/) {
  const rd_kafka_resp_err_t sent =
      rd_kafka_interceptor_add_on_request_sent(rk, kName, OnRequestSent, opaque);
  if (sent != RD_KAFKA_RESP_ERR_NO_ERROR) return sent;
  return rd_kafka_interceptor_add_on_response_received(rk, kName, OnResponseReceived, opaque);
}

}  // namespace

void UnansweredRequests::Sent(std::int32_t broker, std::int16_t api_key,
                              std::int32_t correlation_id) {
  const std::lock_guard lock(mutex_);
  if (requests_.size() >= kMost)
    overflowed_ = true;
  else
    requests_.push_back({broker, api_key, correlation_id});
}

void UnansweredRequests::Answered(std::int32_t broker, std::int16_t api_key,
                                  std::int32_t correlation_id) {
  const std::lock_guard lock(mutex_);
  std::erase(requests_, Request{broker, api_key, correlation_id});
}

bool UnansweredRequests::empty() const {
  const std::lock_guard lock(mutex_);
  return requests_.empty() && !overflowed_;
}

bool AddTaintInterceptor(rd_kafka_conf_t* conf, UnansweredRequests* requests) {
  return rd_kafka_conf_interceptor_add_on_new(conf, kName, OnNew, requests) ==
         RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace semel::kafka
