// Subcommands that reach Kafka, do one thing there and end.
#pragma once

#include <memory>
#include <string>

#include "command.h"
#include "console.h"
#include "kafka_flags.h"

namespace semel::app {

template <typename Flags>
using Work = Result<void> (*)(const Flags&, const kafka::ClientSettings&, Logger&);

/// Adds the flags of `command` that say where Kafka is, and makes `work` what it does. `Flags` has
/// them as `kafka`. Returns the flags for more.
template <typename Flags>
std::shared_ptr<Flags> AddAction(CLI::App& command, Work<Flags> work, Run& run) {
  auto flags = std::make_shared<Flags>();
  flags->kafka.AddTo(command);
  const std::string name = command.get_parent()->get_name() + " " + command.get_name();
  command.callback([flags, name, work, &run] {
    run = [flags, name, work] {
      return Perform(name, [&](Terminal& /*terminal*/, Logger& logger) -> Result<void> {
        SEMEL_TRY_ASSIGN(const auto settings, flags->kafka.Settings());
        WarnOf(settings, logger);
        return work(*flags, settings, logger);
      });
    };
  });
  return flags;
}

}  // namespace semel::app
