#include "client/function_logger.h"

#include <cstdio>

namespace semel {

void FunctionLogger::Write(LogLevel level, std::string_view message,
                           std::initializer_list<LogField> fields) {
  const std::shared_lock lock(cutting_);
  if (cut_ || (!log_ && level < LogLevel::kWarning)) return;
  std::string line(message);
  for (const LogField& field : fields)
    line.append(" ").append(field.name).append("=").append(field.value);
  if (log_) {
    log_(level, line);
  } else {
    std::fprintf(stderr, "semel: %s\n", line.c_str());
  }
}

void FunctionLogger::Cut() {
  LogFunction gone;  // its end may do anything: without the lock
  const std::unique_lock lock(cutting_);
  cut_ = true;
  gone.swap(log_);
}

}  // namespace semel
