// Builds histories by hand: what went in, and the output and changelog that are right for it.
#pragma once

#include <cstdint>
#include <string>

#include "prove/checker.h"

namespace semel::prove {

inline constexpr std::int64_t kWindow = 6400;  // buckets of 100 ms
inline constexpr std::int64_t kStart = 1'000'000;

inline Fingerprint PrintOf(int event) {
  Fingerprint fingerprint;
  fingerprint.bytes[0] = static_cast<std::uint8_t>(event);
  fingerprint.bytes[1] = static_cast<std::uint8_t>(event >> 8);
  return fingerprint;
}

inline Rules RulesOfTests() {
  Rules rules;
  rules.window_ms = kWindow;
  rules.now_ms = kStart + 1000 * kWindow;
  return rules;
}

class HistoryBuilder {
 public:
  HistoryBuilder() {
    histories_.input_topic = "in";
    histories_.output_topic = "out";
    histories_.changelog_topic = "log";
    histories_.group = "group";
  }

  /// Partitions in ascending order.
  HistoryBuilder& In(std::int32_t partition, int event, std::int64_t time_ms,
                     Outcome outcome = Outcome::kOk) {
    const std::int64_t offset = histories_.input_end[partition]++;
    const auto uid = static_cast<std::uint64_t>(histories_.input.size() + 1);
    histories_.input.push_back({{partition, offset},
                                time_ms,
                                uid,
                                {outcome, PrintOf(event)},
                                {uid, uid + 1000, uid + 2000}});
    return *this;
  }

  /// Appends the record of the input with index `i` to the output.
  HistoryBuilder& Out(std::size_t i) {
    const InputRecord& in = histories_.input.at(i);
    const std::int64_t offset = output_end_[in.at.partition]++;
    histories_.output.push_back(
        {{in.at.partition, offset}, in.timestamp_ms, in.uid, {}, in.digest});
    return *this;
  }

  /// Appends a changelog record; its entries are the `fresh` records of the input.
  HistoryBuilder& Log(std::int32_t partition, std::int64_t begin, std::int64_t end,
                      std::initializer_list<std::size_t> fresh) {
    if (!histories_.changelog) histories_.changelog.emplace();
    const Position at{partition, log_end_[partition]++};
    histories_.changelog->ranges.push_back({at, partition, begin, end});
    for (const std::size_t i : fresh) {
      const InputRecord& in = histories_.input.at(i);
      histories_.changelog->entries.push_back(
          {at, in.at, {in.identity.fingerprint, in.timestamp_ms, in.at.offset}});
    }
    return *this;
  }

  Histories& histories() { return histories_; }

 private:
  Histories histories_;
  Offsets output_end_;
  Offsets log_end_;
};

inline Report CheckOf(const Histories& histories, const Rules& rules = RulesOfTests()) {
  Report report;
  Check(histories, rules, report);
  return report;
}

}  // namespace semel::prove
