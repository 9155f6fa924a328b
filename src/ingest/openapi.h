// The server's interface, for programs that read such descriptions.
#pragma once

#include <string>

#include "ingest/service.h"

namespace semel::ingest {

/// OpenAPI 3.1, as JSON: the endpoints, with what they take and answer, and the other pages.
std::string OpenApi(const Service& service, const std::string& version);

}  // namespace semel::ingest
