// One path that takes events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "fingerprint/json_scanner.h"
#include "semel/fingerprint.h"

namespace semel::ingest {

enum class OnMissing : std::uint8_t {
  kReject,  ///< the answer names the field
  kAccept,  ///< written without a key, for `semel dedup` to decide
};

struct Endpoint {
  std::string path;
  std::string topic;
  KeyRule key;  ///< parts: value and json:PATH
  OnMissing on_missing = OnMissing::kReject;
  bool batches = true;                    ///< arrays and NDJSON beside one object
  std::size_t max_depth = kMaxJsonDepth;  ///< of an event's arrays and objects
};

}  // namespace semel::ingest
