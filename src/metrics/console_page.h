// The page at /: console.html, with the headers that let a browser run its own script and no other.
#pragma once

#include "metrics/http_server.h"

namespace semel::metrics {

HttpAnswer ConsolePage();

}  // namespace semel::metrics
