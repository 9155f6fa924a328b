#include "config/start.h"

#include <chrono>
#include <optional>
#include <string>

#include "base/number.h"

namespace semel::config {
namespace {

/// Takes an ISO 8601 text apart from the left. After a mismatch everything else fails too.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  bool Skip(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void Expect(char c) { good_ = Skip(c) && good_; }

  /// Exactly `digits` decimal digits, at most `max`.
  int Number(std::size_t digits, int max) {
    int value = 0;
    std::size_t used = 0;
    for (; used < digits && used < rest_.size() && IsDigit(rest_[used]); ++used)
      value = value * 10 + (rest_[used] - '0');
    rest_.remove_prefix(used);
    good_ = good_ && used == digits && value <= max;
    return value;
  }

  /// Digits after a decimal point as milliseconds; further ones are cut off.
  int Milliseconds() {
    int value = 0;
    int weight = 100;
    good_ = good_ && !rest_.empty() && IsDigit(rest_.front());
    for (; !rest_.empty() && IsDigit(rest_.front()); rest_.remove_prefix(1), weight /= 10)
      value += weight * (rest_.front() - '0');
    return value;
  }

  bool AtEnd() const { return rest_.empty(); }
  bool good() const { return good_; }

 private:
  static bool IsDigit(char c) { return c >= '0' && c <= '9'; }

  std::string_view rest_;
  bool good_ = true;
};

std::chrono::sys_days Date(Scanner& scanner, bool& exists) {
  const std::chrono::year year(scanner.Number(4, 9999));
  scanner.Expect('-');
  const std::chrono::month month(static_cast<unsigned>(scanner.Number(2, 12)));
  scanner.Expect('-');
  const std::chrono::day day(static_cast<unsigned>(scanner.Number(2, 31)));
  const std::chrono::year_month_day date(year, month, day);
  exists = date.ok();
  return exists ? std::chrono::sys_days(date) : std::chrono::sys_days{};
}

std::chrono::milliseconds TimeOfDay(Scanner& scanner) {
  std::chrono::milliseconds time = std::chrono::hours(scanner.Number(2, 23));
  scanner.Expect(':');
  time += std::chrono::minutes(scanner.Number(2, 59));
  if (scanner.Skip(':')) time += std::chrono::seconds(scanner.Number(2, 59));
  if (scanner.Skip('.')) time += std::chrono::milliseconds(scanner.Milliseconds());
  return time;
}

/// What the zone is ahead of UTC.
std::chrono::minutes Zone(Scanner& scanner) {
  if (scanner.Skip('Z')) return std::chrono::minutes{0};
  const bool behind = scanner.Skip('-');
  if (!behind) scanner.Expect('+');
  std::chrono::minutes offset = std::chrono::hours(scanner.Number(2, 23));
  scanner.Skip(':');
  offset += std::chrono::minutes(scanner.Number(2, 59));
  return behind ? -offset : offset;
}

std::optional<std::int64_t> ParseIsoTime(std::string_view text) {
  Scanner scanner(text);
  bool exists = false;
  std::chrono::sys_time<std::chrono::milliseconds> time = Date(scanner, exists);
  if (!scanner.AtEnd()) {
    scanner.Expect('T');
    time += TimeOfDay(scanner);
    time -= Zone(scanner);
  }
  if (!exists || !scanner.good() || !scanner.AtEnd()) return std::nullopt;
  return time.time_since_epoch().count();
}

}  // namespace

Result<Start> ParseStart(std::string_view text) {
  if (text == "earliest") return Start{.kind = Start::Kind::kEarliest};
  if (text == "latest") return Start{.kind = Start::Kind::kLatest};
  auto time = ParseCount(text);
  if (!time) time = ParseIsoTime(text);
  if (time) return Start{.kind = Start::Kind::kTime, .time_ms = *time};
  return Error{Action::kFix,
               std::string("not a place to start: '")
                   .append(text)
                   .append("'; write earliest, latest, milliseconds since the epoch, a date "
                           "(2026-11-23, UTC), or a time with its zone (2026-11-23T09:28:33Z, "
                           "2026-11-23T12:28:33+03:00)")};
}

std::optional<Place> ParsePlace(std::string_view text) {
  if (text == "beginning") return Place::Beginning();
  if (text == "end") return Place::End();
  if (const auto offset = ParseCount(text)) return Place::Offset(*offset);
  if (const auto time = ParseIsoTime(text)) return Place::Time(*time);
  return std::nullopt;
}

}  // namespace semel::config
