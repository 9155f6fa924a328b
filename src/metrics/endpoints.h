// What is answered over HTTP: the page at /, /status.json, /metrics, /livez and /readyz.
#pragma once

#include <string>
#include <vector>

#include "metrics/http_server.h"
#include "metrics/pipeline_view.h"
#include "metrics/recent_log.h"

namespace semel::metrics {

/// Of one pipeline without a name, or of any number with different names. `log` outlives the
/// routes, and so does what the views look at.
HttpRoutes Endpoints(std::vector<PipelineView> pipelines, const RecentLog& log,
                     const std::string& version);

}  // namespace semel::metrics
