#include "wiring/sink_report.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace semel {
namespace {

constexpr std::chrono::seconds kRateOver{3};

}  // namespace

std::string SummaryJson(const metrics::SinkSnapshot& totals, double seconds) {
  const nlohmann::ordered_json json = {{"read", totals.read},
                                       {"rows", totals.rows},
                                       {"duplicates", totals.duplicates},
                                       {"invalid", totals.invalid},
                                       {"transactions", totals.committed},
                                       {"aborts", totals.rolled_back},
                                       {"seconds", std::round(seconds * 1000) / 1000}};
  return json.dump();
}

std::string SummaryText(const metrics::SinkSnapshot& totals, double seconds) {
  std::string text = fmt::format("{} read in {:.1f} s: {} rows", totals.read, seconds, totals.rows);
  if (totals.duplicates > 0) text += fmt::format(", {} duplicates", totals.duplicates);
  if (totals.invalid > 0) text += fmt::format(", {} invalid", totals.invalid);
  return text;
}

std::string SinkProgressText::Describe(const metrics::SinkSnapshot& totals, TimePoint now) {
  samples_.push_back({now, totals.read});
  while (samples_.size() > 2 && now - samples_.front().at > kRateOver) samples_.pop_front();
  const Sample& first = samples_.front();
  const double seconds = std::chrono::duration<double>(now - first.at).count();
  const double rate = seconds > 0 ? static_cast<double>(totals.read - first.read) / seconds : 0;
  std::string text = fmt::format("{} rows, {:.0f}/s, lag {}", totals.rows, rate, totals.Lag());
  if (totals.invalid > 0) text += fmt::format(", {} invalid", totals.invalid);
  if (!totals.connected) text += ", waiting for PostgreSQL";
  return text;
}

}  // namespace semel
