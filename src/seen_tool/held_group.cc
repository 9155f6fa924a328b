#include "seen_tool/held_group.h"

#include "kafka/deadline.h"

namespace semel::seen_tool {
namespace {

constexpr kafka::Milliseconds kJoinMax{60'000};
constexpr kafka::Milliseconds kPoll{200};

}  // namespace

Error HeldGroup::Shared() const {
  return {Action::kStop, "another member is in group " + group_ +
                             ": stop every worker of the job and try again. Partitions that were "
                             "done stay done, of the others nothing was written"};
}

Result<HeldGroup> HeldGroup::Take(std::unique_ptr<kafka::InputConsumer> consumer,
                                  const std::string& group, std::int32_t partitions) {
  HeldGroup held(std::move(consumer), group);
  for (const kafka::Deadline deadline(kJoinMax); !deadline.passed();) {
    SEMEL_TRY_ASSIGN(const kafka::Polled polled, held.consumer_->Poll(kPoll, 1));
    if (!polled.rebalance) continue;
    SEMEL_TRY(held.consumer_->Acknowledge(*polled.rebalance));
    if (polled.rebalance->kind != kafka::Rebalance::Kind::kAssigned) continue;
    if (polled.rebalance->partitions.size() == static_cast<std::size_t>(partitions)) return held;
    return held.Shared();
  }
  return Error{Action::kConnect, "group " + group + " gave no partitions within 60 s"};
}

Result<void> HeldGroup::StillOurs() {
  SEMEL_TRY_ASSIGN(const kafka::Polled polled, consumer_->Poll(kafka::Milliseconds{0}, 1));
  return polled.rebalance ? Result<void>(Shared()) : Result<void>();
}

Result<kafka::GroupToken> HeldGroup::Token() {
  SEMEL_TRY(StillOurs());
  SEMEL_TRY_ASSIGN(kafka::GroupToken token, consumer_->Membership());
  if (!token.fenced()) return Shared();
  return token;
}

}  // namespace semel::seen_tool
