// Which librdkafka properties a user may set, and which are secrets.
#pragma once

#include <string_view>

namespace semel::kafka {

/// Why `name` cannot be set: the promise rests on it, or it makes no sense from outside. Null for a
/// property that may be set.
const char* WhyRefused(std::string_view name);

/// True when not even a program that uses the library may set it: callbacks, and what loads code.
bool IsInner(std::string_view name);

/// The name that librdkafka keeps a property under; some have two, as linger.ms and
/// queue.buffering.max.ms.
std::string_view CanonicalName(std::string_view name);

/// Orders properties so that the names of one property are equal.
struct PropertyOrder {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const {
    return CanonicalName(a) < CanonicalName(b);
  }
};

/// True when the value must not be on a command line: there only file:PATH and env:NAME.
bool IsSecret(std::string_view name);

/// True when the value is not shown; every secret, and what librdkafka itself hides.
bool IsMasked(std::string_view name);

}  // namespace semel::kafka
