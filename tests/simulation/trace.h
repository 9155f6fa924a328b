// What a run tells: log lines of its processes and the faults, on one time axis.
#pragma once

#include <string>
#include <string_view>

#include "base/log.h"
#include "fault_plan.h"
#include "scheduler.h"

namespace semel::simulation {

/// Everything goes into the scheduler's digest, and to standard output when `print` says so.
class Trace final : public Logger {
 public:
  Trace(Scheduler& scheduler, bool print) : scheduler_(scheduler), print_(print) {}
  void Write(LogLevel level, std::string_view message,
             std::initializer_list<LogField> fields) override;
  void Taken(const Fault& fault);
  /// Of the director.
  void Say(const std::string& text);

 private:
  void Line(const std::string& who, const std::string& text);

  Scheduler& scheduler_;
  const bool print_;
};

}  // namespace semel::simulation
