// Memory of this process, for the measurements of bytes an entry.
#pragma once

#include <unistd.h>

#include <fstream>

namespace semel {

/// Of proc(5), statm; to a page.
inline double ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  double total = 0;
  double resident = 0;
  file >> total >> resident;
  return resident * static_cast<double>(sysconf(_SC_PAGESIZE));
}

}  // namespace semel
