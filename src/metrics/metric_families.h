// Metrics on their way to Prometheus' text format.
#pragma once

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace semel::metrics {

using Labels = std::vector<prometheus::ClientMetric::Label>;

/// Collects the families of one job; each of its series carries the topic, if one is given.
class MetricFamilies {
 public:
  explicit MetricFamilies(const std::string& topic = {}) : topic_(topic) {}

  void Family(const char* name, prometheus::MetricType type, const char* help) {
    families_.push_back({std::string("semel_") + name, help, type, {}});
  }

  /// Adds one counter or gauge to the family begun last.
  template <typename Number>
  void Value(Number value, Labels labels) {
    prometheus::ClientMetric& metric = Series(std::move(labels));
    if (families_.back().type == prometheus::MetricType::Counter) {
      metric.counter.value = static_cast<double>(value);
    } else {
      metric.gauge.value = static_cast<double>(value);
    }
  }

  prometheus::ClientMetric& Series(Labels labels) {
    if (!topic_.empty()) labels.insert(labels.begin(), {"topic", topic_});
    prometheus::ClientMetric& metric = families_.back().metric.emplace_back();
    metric.label = std::move(labels);
    return metric;
  }

  /// Adds those of another job of this process, each of their series with the job's name. A family
  /// that both have stays one.
  void Add(const std::string& pipeline, MetricFamilies other) {
    for (prometheus::MetricFamily& family : other.families_) {
      for (prometheus::ClientMetric& metric : family.metric)
        metric.label.insert(metric.label.begin(), {"pipeline", pipeline});
      const auto known = std::ranges::find(families_, family.name, &prometheus::MetricFamily::name);
      if (known == families_.end())
        families_.push_back(std::move(family));
      else
        known->metric.insert(known->metric.end(), family.metric.begin(), family.metric.end());
    }
  }

  std::string Text() const { return prometheus::TextSerializer().Serialize(families_); }

 private:
  std::string topic_;
  std::vector<prometheus::MetricFamily> families_;
};

}  // namespace semel::metrics
