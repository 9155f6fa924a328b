#include "kafka/join_watch.h"

namespace semel::kafka {
namespace {

constexpr std::int16_t kJoinGroup = 11;
constexpr std::int16_t kLeaveGroup = 13;
constexpr std::int16_t kSyncGroup = 14;

}  // namespace

void JoinWatch::Sent(std::int16_t api_key) {
  if (api_key == kJoinGroup) joining_ = true;
  if (api_key == kLeaveGroup) joining_ = false;
}

// Without an answer the join is over too: another one begins with a request of its own.
void JoinWatch::Ended(std::int16_t api_key, rd_kafka_resp_err_t error) {
  const bool failed = error != RD_KAFKA_RESP_ERR_NO_ERROR;
  if (api_key == kSyncGroup || (api_key == kJoinGroup && failed)) joining_ = false;
}

}  // namespace semel::kafka
