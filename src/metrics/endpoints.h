// What a worker answers over HTTP: /metrics, /livez and /readyz.
#pragma once

#include <functional>
#include <string>

#include "metrics/http_server.h"
#include "metrics/snapshot.h"

namespace semel::metrics {

/// `read` is called for each request, on the server's thread.
HttpRoutes WorkerRoutes(const std::function<Snapshot()>& read, const std::string& version);

}  // namespace semel::metrics
