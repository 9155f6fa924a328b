#include "postgres/timestamp.h"

#include <array>
#include <chrono>
#include <cstdio>

namespace semel::postgres {
namespace {

constexpr std::size_t kMicrosecondDigits = 6;
constexpr int kZoneHoursMax = 15;  // PostgreSQL's

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

/// Takes from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  char next() const { return rest_.empty() ? '\0' : rest_.front(); }
  bool Take(char c) {
    if (next() != c || rest_.empty()) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeOneOf(std::string_view characters) {
    if (rest_.empty() || characters.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly so many digits; -1 where they are not there.
  int Number(std::size_t digits) {
    if (rest_.size() < digits) return -1;
    int number = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!IsDigit(rest_[i])) return -1;
      number = number * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(digits);
    return number;
  }
  std::string_view Digits() {
    std::size_t count = 0;
    while (count < rest_.size() && IsDigit(rest_[count])) ++count;
    const std::string_view digits = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return digits;
  }

 private:
  std::string_view rest_;
};

bool Within(int number, int low, int high) { return number >= low && number <= high; }

struct Moment {
  int year = 0, month = 0, day = 0;
  int hour = 0, minute = 0, second = 0;
  std::string_view fraction{};
  char sign = '+';
  int zone_hours = 0, zone_minutes = 0;
};

bool ReadDate(Reader& in, Moment& moment) {
  moment.year = in.Number(4);
  if (moment.year < 1 || !in.Take('-')) return false;
  moment.month = in.Number(2);
  if (moment.month < 1 || !in.Take('-')) return false;
  moment.day = in.Number(2);
  return moment.day > 0 &&
         std::chrono::year_month_day(std::chrono::year(moment.year),
                                     std::chrono::month(static_cast<unsigned>(moment.month)),
                                     std::chrono::day(static_cast<unsigned>(moment.day)))
             .ok();
}

bool ReadTime(Reader& in, Moment& moment) {
  moment.hour = in.Number(2);
  if (!Within(moment.hour, 0, 23) || !in.Take(':')) return false;
  moment.minute = in.Number(2);
  if (!Within(moment.minute, 0, 59)) return false;
  if (!in.Take(':')) return true;
  moment.second = in.Number(2);
  if (!Within(moment.second, 0, 60)) return false;  // leap seconds
  if (!in.TakeOneOf(".,")) return true;
  moment.fraction = in.Digits();
  return !moment.fraction.empty();
}

bool ReadZone(Reader& in, Moment& moment) {
  if (in.done() || in.TakeOneOf("Zz")) return true;
  moment.sign = in.next();
  if (!in.TakeOneOf("+-")) return false;
  moment.zone_hours = in.Number(2);
  if (!Within(moment.zone_hours, 0, kZoneHoursMax)) return false;
  if (in.done()) return true;
  in.Take(':');
  moment.zone_minutes = in.Number(2);
  return Within(moment.zone_minutes, 0, 59);
}

void Append(const Moment& moment, std::string& out) {
  std::array<char, 40> text{};
  const auto add = [&](const char* format, auto... numbers) {
    const int size = std::snprintf(text.data(), text.size(), format, numbers...);
    out.append(text.data(), static_cast<std::size_t>(size));
  };
  add("%04d-%02d-%02d %02d:%02d:%02d", moment.year, moment.month, moment.day, moment.hour,
      moment.minute, moment.second);
  if (!moment.fraction.empty()) {
    out += '.';
    out += moment.fraction.substr(0, kMicrosecondDigits);
  }
  add("%c%02d:%02d", moment.sign, moment.zone_hours, moment.zone_minutes);
}

}  // namespace

bool AppendTimestamp(std::string_view text, std::string& out) {
  Reader in(text);
  Moment moment;
  if (!ReadDate(in, moment)) return false;
  if (!in.done()) {
    if (!in.TakeOneOf("Tt ") || !ReadTime(in, moment)) return false;
    in.Take(' ');
    if (!ReadZone(in, moment) || !in.done()) return false;
  }
  Append(moment, out);
  return true;
}

bool AppendTimestamp(std::int64_t milliseconds, std::string& out) {
  constexpr std::int64_t kFirst = -62'135'596'800'000;  // 0001-01-01
  constexpr std::int64_t kLast = 253'402'300'799'999;   // 9999-12-31
  if (milliseconds < kFirst || milliseconds > kLast) return false;
  const std::chrono::sys_time<std::chrono::milliseconds> time{
      std::chrono::milliseconds(milliseconds)};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 4> fraction{};
  std::snprintf(fraction.data(), fraction.size(), "%03d",
                static_cast<int>(clock.subseconds().count()));
  Append({.year = static_cast<int>(date.year()),
          .month = static_cast<int>(static_cast<unsigned>(date.month())),
          .day = static_cast<int>(static_cast<unsigned>(date.day())),
          .hour = static_cast<int>(clock.hours().count()),
          .minute = static_cast<int>(clock.minutes().count()),
          .second = static_cast<int>(clock.seconds().count()),
          .fraction = {fraction.data(), 3}},
         out);
  return true;
}

}  // namespace semel::postgres
