// What a sink's snapshot looks like to a machine.
#pragma once

#include <string>

#include "metrics/metric_families.h"
#include "metrics/sink_snapshot.h"

namespace semel::metrics {

/// Every metric of a sink in docs/metrics.md.
MetricFamilies Metrics(const SinkSnapshot& snapshot, const std::string& version);

/// {"ready":false,"joined":true,"connected":false,"fetching":true}
std::string ReadinessJson(const SinkSnapshot& snapshot);

}  // namespace semel::metrics
