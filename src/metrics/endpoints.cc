#include "metrics/endpoints.h"

#include "metrics/exposition.h"

namespace semel::metrics {

HttpRoutes WorkerRoutes(const std::function<Snapshot()>& read, const std::string& version) {
  return {{"/metrics",
           [read, version] {
             return HttpAnswer{.content_type = "text/plain; version=0.0.4; charset=utf-8",
                               .body = PrometheusText(read(), version)};
           }},
          {"/livez", [] { return HttpAnswer{.body = "ok\n"}; }},
          {"/readyz", [read] {
             const Snapshot snapshot = read();
             return HttpAnswer{.status = Ready(snapshot) ? 200U : 503U,
                               .content_type = "application/json",
                               .body = ReadinessJson(snapshot)};
           }}};
}

}  // namespace semel::metrics
