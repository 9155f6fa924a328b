// What a snapshot looks like to a machine: Prometheus text and the readiness answer.
#pragma once

#include <string>

#include "metrics/snapshot.h"

namespace semel::metrics {

/// Every metric of docs/metrics.md in the Prometheus text format 0.0.4.
std::string PrometheusText(const Snapshot& snapshot, const std::string& version);

/// {"ready":false,"joined":true,"restoring":[{"partition":3,"entries":120,"remaining":7}]}
std::string ReadinessJson(const Snapshot& snapshot);

}  // namespace semel::metrics
