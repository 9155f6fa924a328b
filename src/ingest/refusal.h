// Why a request is not served, as a status and a text for whoever sent it.
#pragma once

#include <string>

namespace semel::ingest {

struct Refusal {
  int status = 400;
  std::string reason;
};

}  // namespace semel::ingest
