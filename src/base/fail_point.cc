#include "base/fail_point.h"

#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "base/number.h"

namespace semel::fail_point {
namespace {

enum class Effect { kKill, kStop, kFail };

struct Point {
  Point(std::string_view point, Effect what, int hit) : name(point), effect(what), remaining(hit) {}
  std::string name;
  Effect effect;
  std::atomic<int> remaining;
};

std::atomic<bool> armed{false};

std::vector<std::unique_ptr<Point>>& Points() {
  static std::vector<std::unique_ptr<Point>> points;
  return points;
}

Error BadSpec(std::string_view item) {
  return {Action::kFix, "fail point '" + std::string(item) + "' is not NAME:kill|stop|fail[:HIT]"};
}

Result<void> ArmOne(std::string_view item) {
  const auto colon = item.find(':');
  if (colon == std::string_view::npos || colon == 0) return BadSpec(item);
  std::string_view action = item.substr(colon + 1);
  int hit = 1;
  if (const auto second = action.find(':'); second != std::string_view::npos) {
    hit = ParseNumber<int>(action.substr(second + 1)).value_or(0);
    if (hit < 1) return BadSpec(item);
    action = action.substr(0, second);
  }
  Effect effect = Effect::kKill;
  if (action == "stop") {
    effect = Effect::kStop;
  } else if (action == "fail") {
    effect = Effect::kFail;
  } else if (action != "kill") {
    return BadSpec(item);
  }
  Points().push_back(std::make_unique<Point>(item.substr(0, colon), effect, hit));
  return {};
}

}  // namespace

Result<void> Arm(std::string_view spec) {
  while (!spec.empty()) {
    const auto comma = spec.find(',');
    SEMEL_TRY(ArmOne(spec.substr(0, comma)));
    spec = comma == std::string_view::npos ? std::string_view{} : spec.substr(comma + 1);
  }
  armed.store(!Points().empty(), std::memory_order_relaxed);
  return {};
}

bool Fails(std::string_view name) {
  if (!armed.load(std::memory_order_relaxed)) return false;
  // Every item of that name counts this hit, also behind one that fires.
  bool fails = false;
  for (const auto& point : Points()) {
    if (point->name != name || point->remaining.fetch_sub(1, std::memory_order_relaxed) != 1)
      continue;
    if (point->effect == Effect::kFail) {
      fails = true;
    } else {
      static_cast<void>(std::raise(point->effect == Effect::kKill ? SIGKILL : SIGSTOP));
    }
  }
  return fails;
}

}  // namespace semel::fail_point
