// What `semel --version` prints.
#pragma once

#include <string>

namespace semel::app {

/// This program and the libraries that it runs with, one a line: name and version.
std::string Versions();

}  // namespace semel::app
