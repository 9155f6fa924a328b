#include "kafka/unanswered_requests.h"

namespace semel::kafka {
namespace {

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

}  // namespace

void UnansweredRequests::Sent(std::int16_t api_key) {
  if (IsTransactional(api_key)) ++count_;
}

void UnansweredRequests::Ended(std::int16_t api_key, rd_kafka_resp_err_t error) {
  if (IsTransactional(api_key) && error == RD_KAFKA_RESP_ERR_NO_ERROR) --count_;
}

}  // namespace semel::kafka
