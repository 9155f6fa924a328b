// The line on a terminal that shows how a long command is doing.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <thread>

#include "wiring/terminal.h"

namespace semel {

/// Shows what `describe` returns five times a second, until it is destroyed; then the line is
/// erased. Without a terminal it does nothing.
/// Threads: has one of its own, which calls `describe`.
class Progress {
 public:
  Progress(Terminal& terminal, std::function<std::string()> describe);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress();

 private:
  void Run(const std::stop_token& stop);

  Terminal& terminal_;
  const std::function<std::string()> describe_;
  std::jthread thread_;
};

}  // namespace semel
