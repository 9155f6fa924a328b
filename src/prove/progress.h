// How long work says what it has done so far.
#pragma once

#include <functional>
#include <string>

namespace semel::prove {

/// Called often, on the working thread; whoever shows the text decides how often it is seen.
using Progress = std::function<void(const std::string& text)>;

}  // namespace semel::prove
