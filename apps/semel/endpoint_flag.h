// One more path of `semel serve`, as --endpoint says it.
#pragma once

#include <string>

#include "ingest/endpoint.h"
#include "semel/result.h"

namespace semel::app {

/// NAME=VALUE, apart by blanks, or by line ends where there are any (a value may have blanks then):
///
///     path=/v1/clicks to=clicks key=json:/click_id key=json:/shop on-missing=accept batches=false
///
/// What it does not say is as in `otherwise`, path and topic excepted. Errors: kFix, naming the
/// flag.
Result<ingest::Endpoint> ParseEndpoint(const std::string& text, ingest::Endpoint otherwise);

/// Errors: kFix where events cannot come there, naming `flag`.
Result<void> CheckPath(const std::string& flag, const std::string& path);

}  // namespace semel::app
