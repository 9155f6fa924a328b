#include "trace.h"

#include <cstdio>

namespace semel::simulation {

void Trace::Line(const std::string& who, const std::string& text) {
  scheduler_.AddToDigest(text);
  if (!print_) return;
  const auto now = std::chrono::duration<double>(scheduler_.Now() - Scheduler::kBegin).count();
  std::printf("%10.4f  %-10s %s\n", now, who.c_str(), text.c_str());
}

void Trace::Write(LogLevel level, std::string_view message,
                  std::initializer_list<LogField> fields) {
  const Process* process = scheduler_.current_process();
  if (process != nullptr && !process->alive()) return;
  std::string text = level == LogLevel::kWarning ? "warning: " : "";
  text += message;
  for (const LogField& field : fields)
    text.append(" ").append(field.name).append("=").append(field.value);
  Line(process == nullptr ? "" : process->name(), text);
}

void Trace::Taken(const Fault& fault) { Line("fault", fault.kind + "  " + fault.key); }

void Trace::Say(const std::string& text) { Line("director", text); }

}  // namespace semel::simulation
