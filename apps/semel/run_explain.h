// What `semel run --explain` prints: the flow, what each step promises, and what it needs of Kafka.
#pragma once

#include <string>

#include "run_file.h"

namespace semel::app {

/// Without secrets, and without asking anybody.
std::string Explain(const RunPlan& plan);

}  // namespace semel::app
