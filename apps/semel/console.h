// What short commands have in common before and after their work.
#pragma once

#include <functional>
#include <string_view>

#include "base/log.h"
#include "kafka/settings.h"
#include "semel/result.h"
#include "wiring/terminal.h"

namespace semel::app {

/// Prints "semel COMMAND: message" and returns the exit code that the error ends with.
int Fail(std::string_view command, const Error& error);

/// The work of a short command, with a logger that shows warnings. Returns the exit code.
int Perform(std::string_view command, const std::function<Result<void>(Terminal&, Logger&)>& work);

/// Logs what is doubtful in the settings.
void WarnOf(const kafka::ClientSettings& settings, Logger& logger);

}  // namespace semel::app
