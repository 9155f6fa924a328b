// Work beside its owner as a task of the simulation.
#pragma once

#include <functional>
#include <memory>

#include "base/background.h"
#include "scheduler.h"

namespace semel::simulation {

BackgroundOpener BackgroundTasks(Scheduler& scheduler, Process& process);

}  // namespace semel::simulation
