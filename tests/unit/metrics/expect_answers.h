// Whether what is served answers what somebody asks Prometheus for.
#pragma once

#include <gmock/gmock.h>

#include <cstddef>
#include <set>
#include <string>

#include "tests/unit/metrics/metrics_page.h"

namespace semel::metrics {

/// Names and labels that `asked` asks for exist in `text`; a query for others would be empty
/// without a word.
inline void ExpectAnswers(const std::string& text, const std::string& asked,
                          std::size_t names_at_least) {
  const std::set<std::string> series = Matches(text, R"((?:^|\n)(semel_[a-z_]+)[{ ])");
  const std::set<std::string> pairs = Matches(text, R"re(([a-z]+="[a-z]+"))re");
  // "semel_restor..." is prose.
  const auto names = Matches(asked, R"((semel_[a-z_]+)(?:[^a-z_.]|\.[^.]))");
  EXPECT_GE(names.size(), names_at_least);
  for (const std::string& name : names)
    EXPECT_TRUE(series.contains(name) || series.contains(name + "_bucket")) << name;
  for (const std::string& pair : Matches(asked, R"re(((?:result|outcome)="[a-z]+"))re"))
    EXPECT_TRUE(pairs.contains(pair)) << pair;
  for (const std::string& either : Matches(asked, R"re((?:result|outcome)=~"([a-z|\\]+)")re"))
    for (const std::string& value : Matches(either, "([a-z]+)"))
      EXPECT_THAT(text, testing::HasSubstr("=\"" + value + "\""));
}

/// A group of deploy/prometheus/alerts.yml.
inline std::string Alerts(const std::string& group) {
  const std::string file = FileText(SEMEL_DEPLOY "/prometheus/alerts.yml");
  const std::string name = "\n  - name: ";
  const std::size_t begin = file.find(name + group + "\n");
  if (begin == std::string::npos) return {};
  return file.substr(begin, file.find(name, begin + 1) - begin);
}

}  // namespace semel::metrics
