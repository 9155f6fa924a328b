#include "semel/result.h"

namespace semel {

const char* ToString(Action action) {
  switch (action) {
    case Action::kRetry:
      return "retry";
    case Action::kAbort:
      return "abort";
    case Action::kFenced:
      return "fenced";
    case Action::kRejectRecord:
      return "reject-record";
    case Action::kFail:
      return "fail";
    case Action::kFix:
      return "fix";
    case Action::kConnect:
      return "connect";
    case Action::kStop:
      return "stop";
  }
  return "unknown";
}

int ExitCode(const Error& error) {
  switch (error.action) {
    case Action::kFix:
      return 2;
    case Action::kConnect:
    case Action::kRetry:
      return 3;  // what stayed a passing fault until a deadline was never reached
    case Action::kStop:
      return 4;
    case Action::kAbort:
    case Action::kFenced:
    case Action::kRejectRecord:
    case Action::kFail:
      return 1;
  }
  return 1;
}

}  // namespace semel
