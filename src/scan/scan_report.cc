#include "scan/scan_report.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "config/duration.h"

namespace semel::scan {
namespace {

constexpr int kBarWidth = 40;
constexpr double kMillion = 1e6;

// What a seen-set takes for an event at most: docs/configuration.md, Memory.
std::uint64_t MemoryBytes(const WindowReport& window, const ScannedTopic& topic) {
  return window.entries * (topic.fingerprint_bits == 256 ? 56 : 40);
}

template <typename... Arguments>
std::string Format(const char* format, Arguments... arguments) {
  std::array<char, 256> text{};
  std::snprintf(text.data(), text.size(), format, arguments...);
  return text.data();
}

double Share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

std::string Percent(std::uint64_t part, std::uint64_t whole) {
  return Format("%.2f %%", 100 * Share(part, whole));
}

/// 850ms, 12.3s, 4.2m, 3.1h, 2.5d.
std::string Rough(std::int64_t ms) {
  struct Unit {
    const char* name;
    double ms;
  };
  if (ms < 1000) return std::to_string(ms) + "ms";
  Unit unit{"s", 1000};
  for (const Unit larger : {Unit{"m", 60'000}, Unit{"h", 3'600'000}, Unit{"d", 86'400'000}})
    if (static_cast<double>(ms) >= larger.ms) unit = larger;
  return Format("%.1f%s", static_cast<double>(ms) / unit.ms, unit.name);
}

std::string Line(const char* name, std::uint64_t count, const std::string& more = {}) {
  return Format("  %-12s %14llu", name, static_cast<unsigned long long>(count)) +
         (more.empty() ? "" : "  " + more) + "\n";
}

std::string CountsText(const ScanReport& report) {
  std::string text = Line("records", report.records);
  text += Line("unique", report.unique);
  text += Line("duplicates", report.duplicates(),
               Percent(report.duplicates(), report.judged()) + " of what could be judged");
  text += Line("strays", report.strays,
               "of these, in another partition than every earlier copy: semel dedup looks within "
               "a partition");
  text += Line("missing", report.missing);
  text += Line("invalid", report.invalid);
  if (report.sample_level > 0)
    text += Format(
        "  1 event in %llu was looked at: counts of unique and duplicates and all below "
        "are estimates;\n  a larger --memory-limit makes them better\n",
        1ULL << report.sample_level);
  return text;
}

std::string QuantilesText(const char* name, const std::array<std::string, 4>& values) {
  return Format("  %-12s %10s %10s %10s %10s\n", name, values[0].c_str(), values[1].c_str(),
                values[2].c_str(), values[3].c_str());
}

std::string DistancesText(const ScanReport& report) {
  const Quantiles& time = report.time_distance;
  const Quantiles& offset = report.offset_distance;
  std::string text = "\nfrom a copy to the first sight in its partition\n";
  text += QuantilesText("", {"p50", "p90", "p99", "max"});
  text +=
      QuantilesText("time", {Rough(time.p50), Rough(time.p90), Rough(time.p99), Rough(time.max)});
  text += QuantilesText("offsets", {std::to_string(offset.p50), std::to_string(offset.p90),
                                    std::to_string(offset.p99), std::to_string(offset.max)});
  std::uint64_t most = 1;
  for (const DistanceBar& bar : report.bars) most = std::max(most, bar.copies);
  for (const DistanceBar& bar : report.bars) {
    const std::string name =
        bar.up_to_ms == INT64_MAX
            ? "more"
            : "<= " + config::FormatDuration(std::chrono::milliseconds(bar.up_to_ms));
    const auto length = static_cast<std::size_t>(kBarWidth * Share(bar.copies, most) + 0.999);
    text += Format("  %-12s %9s", name.c_str(), Percent(bar.copies, report.copies).c_str());
    if (length > 0) text += "  " + std::string(length, '#');
    text += "\n";
  }
  return text;
}

std::string WindowsText(const ScanReport& report, const ScannedTopic& topic) {
  std::string text =
      "\nsemel dedup --window would catch, and remember at most\n"
      "  window         duplicates     of copies         late        entries         MB\n";
  for (const WindowReport& window : report.windows)
    text += Format(
        "  %-10s %14llu %13s %12llu %14llu %10.1f\n", config::FormatDuration(window.window).c_str(),
        static_cast<unsigned long long>(window.caught),
        Percent(window.caught, report.copies).c_str(), static_cast<unsigned long long>(window.late),
        static_cast<unsigned long long>(window.entries),
        static_cast<double>(MemoryBytes(window, topic)) / kMillion);
  return text;
}

nlohmann::ordered_json ToJson(const Quantiles& quantiles) {
  return {{"p50", quantiles.p50},
          {"p90", quantiles.p90},
          {"p99", quantiles.p99},
          {"max", quantiles.max}};
}

}  // namespace

std::string ToText(const ScanReport& report, const ScannedTopic& topic) {
  std::string text = topic.name + ", " + std::to_string(topic.partitions) + " partitions";
  if (report.records > 0) text += ", " + Rough(report.last_ms - report.first_ms) + " of events";
  text += "\n";
  text += CountsText(report);
  if (report.copies > 0) text += DistancesText(report);
  if (report.records > 0) text += WindowsText(report, topic);
  return text;
}

std::string ToJson(const ScanReport& report, const ScannedTopic& topic) {
  nlohmann::ordered_json json = {
      {"topic", topic.name},
      {"partitions", topic.partitions},
      {"records", report.records},
      {"unique", report.unique},
      {"duplicates", report.duplicates()},
      {"duplicate_share", Share(report.duplicates(), report.judged())},
      {"copies", report.copies},
      {"strays", report.strays},
      {"missing", report.missing},
      {"invalid", report.invalid},
      {"sampled_one_in", std::uint64_t{1} << report.sample_level},
      {"first_time", report.first_ms},
      {"last_time", report.last_ms},
      {"time_distance", ToJson(report.time_distance)},
      {"offset_distance", ToJson(report.offset_distance)},
  };
  json["time_histogram"] = nlohmann::ordered_json::array();
  for (const DistanceBar& bar : report.bars) {
    nlohmann::ordered_json up_to = bar.up_to_ms;
    if (bar.up_to_ms == INT64_MAX) up_to = nullptr;
    json["time_histogram"].push_back({{"up_to", up_to}, {"copies", bar.copies}});
  }
  json["windows"] = nlohmann::ordered_json::array();
  for (const WindowReport& window : report.windows)
    json["windows"].push_back({{"window", window.window.count()},
                               {"duplicates", window.caught},
                               {"share_of_copies", Share(window.caught, report.copies)},
                               {"late", window.late},
                               {"entries", window.entries},
                               {"memory_bytes", MemoryBytes(window, topic)}});
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace semel::scan
