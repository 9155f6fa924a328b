#include "duration_flag.h"

#include "config/duration.h"

namespace semel::app {

CLI::Validator Duration() {
  return {[](std::string& text) -> std::string {
            const auto duration = config::ParseDuration(text);
            if (!duration) return duration.error().message;
            text = std::to_string(duration->count());
            return {};
          },
          ""};
}

}  // namespace semel::app
