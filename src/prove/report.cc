#include "prove/report.h"

#include <nlohmann/json.hpp>

namespace semel::prove {
namespace {

constexpr std::size_t kExamplesMax = 10;
constexpr std::size_t kNameWidth = 20;

constexpr std::array<std::string_view, kViolations> kNames = {"lost",
                                                              "duplicated",
                                                              "wrong copy",
                                                              "altered",
                                                              "out of order",
                                                              "unexpected",
                                                              "undecided",
                                                              "input changed",
                                                              "changelog missing",
                                                              "changelog extra",
                                                              "changelog differs",
                                                              "changelog range",
                                                              "not committed"};

std::size_t IndexOf(Violation violation) { return static_cast<std::size_t>(violation); }

void AppendCount(std::string& out, std::string_view name, std::uint64_t count) {
  const std::string number = std::to_string(count);
  out.append(name);
  out.append(name.size() < kNameWidth ? kNameWidth - name.size() : 1, ' ');
  out.append(number.size() < 12 ? 12 - number.size() : 0, ' ');
  out.append(number).push_back('\n');
}

void AppendCounts(std::string& out, const Counts& counts) {
  AppendCount(out, "read", counts.read);
  AppendCount(out, "  unique", counts.unique);
  AppendCount(out, "  duplicates", counts.duplicates);
  AppendCount(out, "  missing", counts.missing);
  AppendCount(out, "  invalid", counts.invalid);
  AppendCount(out, "  late", counts.late);
  if (counts.not_in_truth > 0) AppendCount(out, "  not in the truth", counts.not_in_truth);
  AppendCount(out, "written", counts.written);
  if (counts.changelog_records > 0) {
    AppendCount(out, "changelog records", counts.changelog_records);
    AppendCount(out, "  entries", counts.changelog_entries);
  }
}

}  // namespace

std::string_view Name(Violation violation) { return kNames[IndexOf(violation)]; }

void Report::Add(Violation violation, std::string text) {
  Found& found = found_[IndexOf(violation)];
  ++found.count;
  if (found.examples.size() < kExamplesMax) found.examples.push_back(std::move(text));
}

std::uint64_t Report::count(Violation violation) const { return found_[IndexOf(violation)].count; }

const std::vector<std::string>& Report::examples(Violation violation) const {
  return found_[IndexOf(violation)].examples;
}

std::uint64_t Report::violations() const {
  std::uint64_t sum = 0;
  for (const Found& found : found_) sum += found.count;
  return sum;
}

std::string ToText(const Report& report) {
  std::string out;
  AppendCounts(out, report.counts);
  out.push_back('\n');
  for (std::size_t i = 0; i < kViolations; ++i) {
    const auto violation = static_cast<Violation>(i);
    AppendCount(out, Name(violation), report.count(violation));
    for (const std::string& example : report.examples(violation)) out += "  " + example + '\n';
    if (report.count(violation) > report.examples(violation).size()) out += "  ...\n";
  }
  out += report.passed()
             ? "\nPASSED: within the window each event came out once, in order and unchanged\n"
             : "\nFAILED: " + std::to_string(report.violations()) + " violations\n";
  return out;
}

std::string ToJson(const Report& report) {
  const Counts& counts = report.counts;
  nlohmann::ordered_json json = {
      {"read", counts.read},
      {"unique", counts.unique},
      {"duplicates", counts.duplicates},
      {"missing", counts.missing},
      {"invalid", counts.invalid},
      {"late", counts.late},
      {"not_in_truth", counts.not_in_truth},
      {"written", counts.written},
      {"changelog_records", counts.changelog_records},
      {"changelog_entries", counts.changelog_entries},
  };
  auto& violations = json["violations"];
  for (std::size_t i = 0; i < kViolations; ++i) {
    const auto violation = static_cast<Violation>(i);
    std::string name(Name(violation));
    for (char& c : name)
      if (c == ' ') c = '_';
    violations[name] = report.count(violation);
  }
  json["passed"] = report.passed();
  return json.dump();
}

}  // namespace semel::prove
