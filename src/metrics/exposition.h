// What a snapshot looks like to a machine: metrics and the readiness answer.
#pragma once

#include <string>

#include "metrics/metric_families.h"
#include "metrics/snapshot.h"

namespace semel::metrics {

/// Every metric of a `semel dedup` in docs/metrics.md.
MetricFamilies Metrics(const Snapshot& snapshot, const std::string& version);

/// {"ready":false,"joined":true,"restoring":[{"partition":3,"entries":120,"remaining":7}]}
std::string ReadinessJson(const Snapshot& snapshot);

}  // namespace semel::metrics
