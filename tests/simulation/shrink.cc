#include "shrink.h"

#include <algorithm>
#include <cstddef>

namespace semel::simulation {

std::vector<std::string> Shrink(std::vector<std::string> faults,
                                const std::function<bool(const std::vector<std::string>&)>& fails,
                                std::size_t tries_max) {
  std::size_t tries = 0;
  // Pieces of one size after another, half as large each time; with single ones until none goes.
  for (std::size_t size = faults.size(); size > 0;) {
    bool removed = false;
    for (std::size_t begin = 0; begin < faults.size() && tries < tries_max;) {
      const std::size_t end = std::min(begin + size, faults.size());
      std::vector<std::string> rest = faults;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(begin),
                 rest.begin() + static_cast<std::ptrdiff_t>(end));
      ++tries;
      if (fails(rest)) {
        faults = std::move(rest);
        removed = true;
      } else {
        begin = end;
      }
    }
    if (tries >= tries_max) break;
    if (size > 1 || !removed) size /= 2;
  }
  return faults;
}

}  // namespace semel::simulation
