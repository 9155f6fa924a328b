// Answers of a broker that hung for longer than its session: it answers as the leader or
// coordinator that it was until it hears of its successor, and knows nothing of what was written
// meanwhile.
#pragma once

#include <optional>

#include "kafka/client.h"

namespace semel::pipeline {

/// One question that is asked again and again. Only what still looks old after kOldLeaderLimit is
/// judged.
class OldAnswer {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// Takes in how the answer looks: true while it is to be asked again.
  bool MayBe(bool looks_old, TimePoint now) {
    if (!looks_old)
      since_.reset();
    else if (!since_)
      since_ = now;
    return since_ && now - *since_ < kafka::kOldLeaderLimit;
  }

 private:
  std::optional<TimePoint> since_;
};

}  // namespace semel::pipeline
