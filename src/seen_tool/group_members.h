// Who is in a consumer group.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "kafka/settings.h"
#include "semel/result.h"

namespace semel::seen_tool {

/// The client ids (static members: the instances) and hosts of its members; empty also where there
/// is no such group. Errors: kConnect, kRetry, kFail.
Result<std::vector<std::string>> GroupMembers(const kafka::ClientSettings& settings,
                                              const std::string& group, Logger& logger);

}  // namespace semel::seen_tool
