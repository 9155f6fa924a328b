// Whether the pipelines of one file can run beside each other.
#pragma once

#include <string>
#include <vector>

#include "run_file.h"
#include "semel/result.h"

namespace semel::app {

/// Errors: kFix, with FILE:LINE:COLUMN of the later pipeline and the name of the other: the same
/// transactional ids, group, changelog, state directory or address; topics in a circle.
Result<void> CheckTogether(const RunPlan& plan);

/// What can run, and may not be what is wanted: a line each, with its place in the file.
std::vector<std::string> Doubts(const RunPlan& plan);

}  // namespace semel::app
