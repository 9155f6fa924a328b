#include "config/duration.h"

#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

namespace semel::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};

constexpr std::array<Unit, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}}};

}  // namespace

Result<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, count);
  if (error == std::errc{} && count >= 0) {
    const std::string_view name(rest, static_cast<std::size_t>(end - rest));
    for (const Unit& unit : kUnits) {
      if (unit.name == name &&
          count <= std::numeric_limits<std::int64_t>::max() / unit.milliseconds)
        return std::chrono::milliseconds(count * unit.milliseconds);
    }
  }
  return Error{Action::kFix, std::string("not a duration: '")
                                 .append(text)
                                 .append("'; write a whole number and a unit, ms, s, m, h or d: "
                                         "100ms, 30s, 15m, 24h, 7d")};
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  const std::int64_t count = duration.count();
  for (const Unit& unit : kUnits) {
    if (count != 0 && count % unit.milliseconds == 0)
      return std::to_string(count / unit.milliseconds) + std::string(unit.name);
  }
  return "0ms";
}

}  // namespace semel::config
