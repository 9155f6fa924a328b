// What the library has to say while it works.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace semel {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

/// Takes one line for each thing that an operator cares about; it never holds a secret.
/// Threads: called from any, at once, librdkafka's own included; it must not call into semel and
/// must not throw. Not called, and destroyed, once what was opened with it is gone.
using LogFunction = std::function<void(LogLevel level, std::string_view line)>;

}  // namespace semel
