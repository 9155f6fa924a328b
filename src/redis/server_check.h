// Whether a Redis may be trusted to remember: asked at every connect.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "semel/result.h"

namespace semel::redis {

/// `info`: the answer to INFO. Returns what an operator should know. Errors: kStop: it may evict
/// what we keep there; kFix: a cluster or a sentinel, which are not supported; kRetry: a replica,
/// as in the middle of a failover, or still loading.
Result<std::vector<std::string>> CheckServer(std::string_view info);

}  // namespace semel::redis
