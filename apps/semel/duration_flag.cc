#include "duration_flag.h"

#include <charconv>
#include <limits>

namespace semel::app {
namespace {

std::int64_t UnitMs(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s") return 1000;
  if (unit == "m") return 60'000;
  if (unit == "h") return 3'600'000;
  if (unit == "d") return 86'400'000;
  return 0;
}

}  // namespace

std::optional<std::int64_t> ParseDuration(std::string_view text) {
  std::int64_t count = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc{} || count <= 0) return std::nullopt;
  const std::int64_t unit = UnitMs(text.substr(static_cast<std::size_t>(at - text.data())));
  if (unit == 0 || count > std::numeric_limits<std::int64_t>::max() / unit) return std::nullopt;
  return count * unit;
}

CLI::Validator Duration() {
  return {[](std::string& text) -> std::string {
            const auto milliseconds = ParseDuration(text);
            if (!milliseconds) return text + " is no duration; write 100ms, 30s, 15m, 24h or 7d";
            text = std::to_string(*milliseconds);
            return {};
          },
          ""};
}

}  // namespace semel::app
