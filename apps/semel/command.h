// The subcommands of the binary. Each adds its flags to `parent`; when it was chosen on the command
// line it sets `run`, which does the work and returns the exit code.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace semel::app {

using Run = std::function<int()>;

void AddCompletion(CLI::App& parent, Run& run);
void AddConsume(CLI::App& parent, Run& run);
void AddDedup(CLI::App& parent, Run& run);
void AddFingerprint(CLI::App& parent, Run& run);
void AddGroup(CLI::App& parent, Run& run);
void AddMan(CLI::App& parent, Run& run);
void AddProduce(CLI::App& parent, Run& run);
void AddProve(CLI::App& parent, Run& run);
void AddRun(CLI::App& parent, Run& run);
void AddScan(CLI::App& parent, Run& run);
void AddSeen(CLI::App& parent, Run& run);
void AddServe(CLI::App& parent, Run& run);
void AddSink(CLI::App& parent, Run& run);
void AddTopic(CLI::App& parent, Run& run);
void AddUniq(CLI::App& parent, Run& run);

}  // namespace semel::app
