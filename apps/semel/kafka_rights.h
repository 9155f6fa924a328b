// What a pipeline must be allowed to do in Kafka.
#pragma once

#include <string>
#include <vector>

#include "wiring/dedup_options.h"
#include "wiring/serve_job.h"
#include "wiring/sink_options.h"

namespace semel::app {

/// Arguments of kafka-acls, a line each right, as in docs/operations.md.
std::vector<std::string> RightsOf(const ServeOptions& options);
std::vector<std::string> RightsOf(const DedupOptions& options);
std::vector<std::string> RightsOf(const SinkOptions& options);

}  // namespace semel::app
