// As whom, and of which generation, the partitions are held that the group gave us.
//
// The token is renewed at rebalances only, never in between: then its generation is the one that
// gave us what the lane believes to own. A later generation that librdkafka may have joined
// meanwhile would let the broker accept offsets of a partition that is somebody else's.
//
// That is not enough for a static member under the cooperative protocol. While a rebalance is under
// way librdkafka (2.0.2, rd_kafka_cgrp_revoke_all_rejoin_maybe) tells nobody of a session that
// ended: it joins again without a member id and compares what the group gives with what it had, so
// that partitions which another one held meanwhile look as if they had never been away. Only the
// member id, which is a new one then, tells.
#pragma once

#include <string>
#include <utility>

#include "kafka/client.h"

namespace semel::kafka {

class GroupMembership {
 public:
  /// A rebalance that took nothing away is taken up. True where what we hold (`holds`: anything)
  /// was given to another member id: nothing of it may be believed to be ours all the time.
  bool Renew(GroupToken token, bool holds) {
    token_ = std::move(token);
    return std::exchange(held_as_, token_.member_id) != token_.member_id && holds;
  }

  /// Until the next rebalance no offsets are sent.
  void Suspend() { token_ = {}; }

  const GroupToken& token() const { return token_; }

 private:
  GroupToken token_;
  std::string held_as_;  // member id
};

}  // namespace semel::kafka
