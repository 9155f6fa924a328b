// Whether a consumer is about to become a member of its group's next generation.
#pragma once

#include <atomic>
#include <cstdint>

#include "kafka/request_listener.h"

namespace semel::kafka {

/// A broker answers the requests of a connection one after the other, so a commit that is sent
/// while JoinGroup has no answer is looked at after it: with the generation that has just ended.
/// librdkafka takes that refusal (ILLEGAL_GENERATION) for the loss of all partitions. A member with
/// a cooperative assignor keeps its partitions through such a time, and must hold its commits back.
/// Threads: any, at once.
class JoinWatch final : public RequestListener {
 public:
  void Sent(std::int16_t api_key) override;
  void Ended(std::int16_t api_key, rd_kafka_resp_err_t error) override;

  /// From the request to join until the group said what is whose.
  bool joining() const { return joining_.load(); }

 private:
  std::atomic<bool> joining_{false};
};

}  // namespace semel::kafka
