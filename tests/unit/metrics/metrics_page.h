// docs/metrics.md, to compare with what is served.
#pragma once

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace semel::metrics {

inline std::set<std::string> Matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at)
    found.insert((*at)[1]);
  return found;
}

inline std::string FileText(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

/// What the page says of one command; of `semel dedup`, what stands before the first of the others.
inline std::string MetricsPage(const std::string& command) {
  const std::string page = FileText(SEMEL_METRICS_PAGE);
  const std::string other = "\n## semel ";
  const std::size_t begin = command == "dedup" ? 0 : page.find(other + command + "\n");
  if (begin == std::string::npos) return {};
  return page.substr(begin, page.find(other, begin + 1) - begin);
}

inline std::set<std::string> DocumentedMetrics(const std::string& command) {
  return Matches(MetricsPage(command), R"(\| `(semel_[a-z_]+)` \|)");
}

inline std::set<std::string> MetricsIn(const std::string& exposition) {
  return Matches(exposition, "# TYPE (semel_[a-z_]+) ");
}

}  // namespace semel::metrics
