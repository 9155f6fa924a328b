// What all connections of a server share.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ingest/api_keys.h"
#include "ingest/byte_budget.h"
#include "ingest/edge_memory.h"
#include "ingest/endpoint.h"
#include "ingest/event_sink.h"
#include "ingest/limits.h"

namespace semel::ingest {

/// Set up before the first connection; from then on only `draining` and what is thread-safe itself
/// changes.
struct Service {
  explicit Service(const Limits& given) : limits(given), budget(given.bytes_in_flight) {}

  const Limits limits;
  std::vector<Endpoint> endpoints{};
  std::vector<std::shared_ptr<EdgeMemory>> memories{};  ///< one for each endpoint; null: none
  std::optional<ApiKeys> keys{};                        ///< none: anybody may send
  std::vector<std::string> cors_origins{};              ///< "*": any
  std::string openapi{};
  EventSink* sink = nullptr;
  /// More of what /readyz says, as JSON members; may be empty.
  std::function<std::string()> details{};

  ByteBudget budget;
  std::atomic<bool> draining = false;
};

}  // namespace semel::ingest
