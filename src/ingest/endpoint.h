// One path that takes events.
#pragma once

#include <cstdint>
#include <string>

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
  bool batches = true;  ///< arrays and NDJSON beside one object
};

}  // namespace semel::ingest
