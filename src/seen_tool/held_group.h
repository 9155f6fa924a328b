// Holds a whole consumer group: as its only member, so that nobody else commits for it meanwhile,
// and what we commit is fenced by our membership.
#pragma once

#include <memory>
#include <string>

#include "kafka/client.h"

namespace semel::seen_tool {

/// Threads: one.
class HeldGroup {
 public:
  /// Joins with `consumer` and waits until the group gave it all `partitions` of `topic`.
  /// Errors: kStop when somebody else is in the group; kConnect when it does not answer.
  static Result<HeldGroup> Take(std::unique_ptr<kafka::InputConsumer> consumer,
                                const std::string& group, std::int32_t partitions);

  /// To be called at least every max.poll.interval.ms. Errors: kStop when it is not ours alone any
  /// more.
  Result<void> StillOurs();

  /// Errors: kStop, as above.
  Result<kafka::GroupToken> Token();

 private:
  HeldGroup(std::unique_ptr<kafka::InputConsumer> consumer, std::string group)
      : consumer_(std::move(consumer)), group_(std::move(group)) {}
  Error Shared() const;

  std::unique_ptr<kafka::InputConsumer> consumer_;
  std::string group_;
};

}  // namespace semel::seen_tool
