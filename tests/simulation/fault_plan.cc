#include "fault_plan.h"

#include <algorithm>
#include <utility>

namespace semel::simulation {
namespace {

std::uint64_t Hash(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char letter : text)
    hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001B3U;
  return prove::Mix(hash);
}

constexpr double kChanceMax = 0.5;  // what always fails never ends

}  // namespace

FaultPlan::FaultPlan(std::uint64_t seed, Choice choice)
    : seed_(prove::Mix(seed)), choice_(std::move(choice)) {
  constexpr double kStorms[] = {0.3, 1, 1, 2, 4};
  storm_ = kStorms[prove::Random(seed_ ^ Hash("storm")).Below(std::size(kStorms))];
}

FaultPlan::Site& FaultPlan::At(std::string_view site) {
  const auto [found, added] = sites_.try_emplace(std::string(site));
  if (added) found->second.hash = Hash(site);
  return found->second;
}

/// Each seed leaves some kinds out and has much of others.
double FaultPlan::Weather(std::string_view kind) {
  const auto found = weather_.find(kind);
  if (found != weather_.end()) return found->second;
  constexpr double kShares[] = {0, 0, 0.5, 1, 1, 1, 2, 8};
  const double share = kShares[prove::Random(seed_ ^ Hash(kind)).Below(std::size(kShares))];
  return weather_.emplace(kind, share * storm_).first->second;
}

std::optional<Fault> FaultPlan::Ask(std::string_view site, std::initializer_list<FaultKind> kinds) {
  Site& place = At(site);
  const std::uint64_t count = place.asked++;
  if (calm_) return std::nullopt;
  prove::Random random(prove::Mix(seed_ ^ place.hash) + prove::Mix(count));
  double left = random.Share();
  for (const FaultKind& kind : kinds) {
    const double chance = std::min(kChanceMax, kind.chance * Weather(kind.name));
    left -= chance;
    if (left >= 0) continue;
    Fault fault{std::string(kind.name), std::string(site) + "#" + std::to_string(count),
                prove::Random(random.Next())};
    if (choice_.only && !choice_.only->contains(fault.key)) return std::nullopt;
    if (choice_.without.contains(fault.key)) return std::nullopt;
    taken_.push_back(fault.key);
    ++by_kind_[fault.kind];
    if (when_taken) when_taken(fault);
    return fault;
  }
  return std::nullopt;
}

prove::Random FaultPlan::Draw(std::string_view site) {
  Site& place = At(site);
  return prove::Random(prove::Mix(seed_ ^ place.hash ^ 1U) + prove::Mix(place.asked++));
}

}  // namespace semel::simulation
